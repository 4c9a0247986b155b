import { Refusal } from './envelope';
import type { Random } from './random';

export type Permission = 'write' | 'read' | 'none';

/** Who sends a request. */
export interface Principal {
	kind: 'userToken' | 'accountToken' | 'user';
	id: string;
	/** The account that owns an account-owned token. */
	accountId?: string;
	status: 'active' | 'disabled' | 'expired';
	/** What the credential may do with Magic. */
	magic: Permission;
	/** What it may do with alerting (Notifications Read, Write). */
	notifications: Permission;
	/** Whether it has Account Analytics Read, which no permission for Magic implies. */
	analytics: boolean;
	expiresOn?: string;
}

export interface Credentials {
	apiToken: string;
	readToken: string;
	noPermissionToken: string;
	/** May write tunnels and keys, but not even read notifications. */
	noNotificationsToken: string;
	/** May write tunnels and keys, but not read analytics. */
	noAnalyticsToken: string;
	expiredToken: string;
	disabledToken: string;
	/** Owned by the account, not by a user (`cfat_`). */
	accountOwnedToken: string;
	email: string;
	apiKey: string;
	readEmail: string;
	readApiKey: string;
}

export interface Authenticator {
	credentials: Credentials;
	/** @throws Refusal for headers that are missing, malformed or unknown */
	authenticate(headers: Readonly<Record<string, string>>): Principal;
	/** Like authenticate, for the verify endpoints: also answers tokens that no longer work. */
	identifyToken(headers: Readonly<Record<string, string>>): Principal | undefined;
}

const malformed = (header: string, code: number): Refusal =>
	new Refusal(400, {
		code: 6003,
		message: 'Invalid request headers',
		error_chain: [{ code, message: `Invalid format for ${header} header` }],
	});

const missing = (): Refusal =>
	new Refusal(400, {
		code: 9106,
		message: 'Missing X-Auth-Key, X-Auth-Email or Authorization headers',
	});

export const invalidToken = (): Refusal =>
	new Refusal(403, { code: 9109, message: 'Invalid access token' });

export const authenticationError = (): Refusal =>
	new Refusal(403, { code: 10000, message: 'Authentication error' });

export const unauthorizedAccount = (): Refusal =>
	new Refusal(403, { code: 9109, message: 'Unauthorized to access requested resource' });

// GUESS: what counts as malformed. The prefixes cfut_ and cfat_ rule out a fixed length.
const TOKEN_FORMAT = /^[\w-]{20,256}$/;
// GUESS: same for the Global API Key (37 hex digits, or cfk_ and more).
const KEY_FORMAT = /^[\w-]{20,256}$/;
// GUESS: Cloudflare's own idea of an e-mail address is not known.
const EMAIL_FORMAT = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

const bearerToken = (authorization: string): string => {
	const [scheme = '', token = '', ...rest] = authorization.split(' ');
	// GUESS: the scheme's case does not matter (RFC 9110).
	if (scheme.toLowerCase() !== 'bearer' || rest.length > 0 || !TOKEN_FORMAT.test(token)) {
		throw malformed('Authorization', 6111);
	}
	return token;
};

/**
 * Both schemes: https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/
 * @param accountId owner of the account-owned token
 */
export const createAuthenticator = (random: Random, accountId: string): Authenticator => {
	const secret = (): string => random.bytes(30).toString('base64url');
	const credentials: Omit<Credentials, 'noAnalyticsToken'> = {
		apiToken: secret(),
		readToken: secret(),
		noPermissionToken: secret(),
		noNotificationsToken: secret(),
		expiredToken: secret(),
		disabledToken: secret(),
		accountOwnedToken: `cfat_${secret()}`,
		email: 'network-admin@example.com',
		apiKey: random.hex(37),
		readEmail: 'network-reader@example.com',
		readApiKey: random.hex(37),
	};
	const token = (permission: Permission, more: Partial<Principal> = {}): Principal => ({
		kind: 'userToken',
		id: random.hex(32),
		status: 'active',
		magic: permission,
		notifications: permission,
		analytics: permission !== 'none',
		...more,
	});
	const tokens = new Map<string, Principal>([
		[credentials.apiToken, token('write')],
		[credentials.readToken, token('read')],
		[credentials.noPermissionToken, token('none')],
		[credentials.noNotificationsToken, token('write', { notifications: 'none' })],
		[
			credentials.expiredToken,
			token('write', { status: 'expired', expiresOn: '2024-01-01T00:00:00Z' }),
		],
		[credentials.disabledToken, token('write', { status: 'disabled' })],
		[credentials.accountOwnedToken, token('write', { kind: 'accountToken', accountId })],
	]);
	const user = (permission: Permission): Principal => ({
		kind: 'user',
		id: random.hex(32),
		status: 'active',
		magic: permission,
		notifications: permission,
		// GUESS: the role of Magic alone lets nobody read analytics, but these users have more roles.
		analytics: true,
	});
	const users = new Map<string, { key: string; principal: Principal }>([
		[credentials.email, { key: credentials.apiKey, principal: user('write') }],
		[credentials.readEmail, { key: credentials.readApiKey, principal: user('read') }],
	]);

	// Derived, since a further draw would change every id of every seed.
	const noAnalyticsToken = credentials.apiToken.split('').reverse().join('');
	tokens.set(noAnalyticsToken, {
		...tokens.get(credentials.apiToken)!,
		id: 'a'.repeat(32),
		analytics: false,
	});

	const byKey = (email: string, key: string): Principal => {
		if (!KEY_FORMAT.test(key)) throw malformed('X-Auth-Key', 6103);
		if (!EMAIL_FORMAT.test(email)) throw malformed('X-Auth-Email', 6102);
		const known = users.get(email.toLowerCase());
		if (known?.key !== key) {
			throw new Refusal(403, { code: 9103, message: 'Unknown X-Auth-Key or X-Auth-Email' });
		}
		return known.principal;
	};

	return {
		credentials: { ...credentials, noAnalyticsToken },
		authenticate(headers) {
			const { authorization, 'x-auth-email': email, 'x-auth-key': key } = headers;
			// GUESS: Authorization wins when both schemes are sent.
			if (authorization !== undefined) {
				const known = tokens.get(bearerToken(authorization));
				// GUESS: an expired or disabled token reads like a wrong one.
				if (known?.status !== 'active') throw invalidToken();
				return known;
			}
			// GUESS: half a pair counts as missing.
			if (email === undefined || key === undefined) throw missing();
			return byKey(email, key);
		},
		identifyToken({ authorization }) {
			if (authorization === undefined) throw missing();
			return tokens.get(bearerToken(authorization));
		},
	};
};
