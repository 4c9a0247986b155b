import { randomBytes, randomUUID } from 'node:crypto';
import { VaultError } from './engine';

/**
 * Tokens, policies and AppRoles of the stand-in for Vault.
 *
 * Source: https://developer.hashicorp.com/vault/docs/concepts/policies and …/api-docs/auth/approle
 */

export type Capability = 'create' | 'read' | 'update' | 'patch' | 'delete' | 'list';

/** Capabilities by path below /v1/: exact, or with * at its end, or + for one segment. */
export type Policy = Record<string, Capability[]>;

export interface TokenOptions {
	/** Without one, the token may do everything. */
	policy?: Policy;
	/** Seconds. */
	ttl?: number;
	/** How many requests it is good for; 0 for any number. */
	uses?: number;
	/** It lacks the policy that lets every token look at and revoke itself. */
	noDefaultPolicy?: boolean;
}

interface Token extends TokenOptions {
	id: string;
	accessor: string;
	issued: number;
	left: number;
}

export interface RoleOptions {
	/** Path of the method below auth/, default `approle`. */
	mount?: string;
	token?: TokenOptions;
	/** How many logins the secret id is good for; 0 for any number. */
	secretIdUses?: number;
}

interface Role {
	mount: string;
	roleId: string;
	secretIds: Map<string, number>;
	token: TokenOptions;
}

const SELF = /^auth\/token\/(lookup|revoke|renew)-self$/;

export class Access {
	private readonly tokens = new Map<string, Token>();

	private readonly roles: Role[] = [];

	/** Every token that was ever valid. */
	readonly issued: string[] = [];

	constructor(private readonly now: () => number) {}

	addToken(
		options: TokenOptions = {},
		id = `hvs.${randomBytes(18).toString('base64url')}`,
	): string {
		this.tokens.set(id, {
			...options,
			id,
			accessor: randomBytes(12).toString('base64url'),
			issued: this.now(),
			left: options.uses || Infinity,
		});
		this.issued.push(id);
		return id;
	}

	addRole({ mount = 'approle', token = {}, secretIdUses = 0 }: RoleOptions = {}) {
		const role: Role = { mount, roleId: randomUUID(), secretIds: new Map(), token };
		const secretId = randomUUID();
		role.secretIds.set(secretId, secretIdUses || Infinity);
		this.roles.push(role);
		return { roleId: role.roleId, secretId };
	}

	revoke(id: string): void {
		this.tokens.delete(id);
	}

	/** Tokens that are valid now. */
	valid(): string[] {
		return [...this.tokens.values()].filter((token) => !this.isOver(token)).map(({ id }) => id);
	}

	/** @returns the login's `auth`, or undefined where no such method is mounted */
	login(mount: string, { role_id, secret_id }: Record<string, unknown>) {
		const roles = this.roles.filter((role) => role.mount === mount);
		if (roles.length === 0) return undefined;
		if (role_id === undefined) throw new VaultError(400, 'missing role_id');
		if (secret_id === undefined) throw new VaultError(400, 'missing secret_id');
		const role = roles.find(({ roleId }) => roleId === role_id);
		const left = role?.secretIds.get(String(secret_id));
		if (role === undefined || left === undefined) {
			throw new VaultError(400, 'invalid role or secret ID');
		}
		if (left === 1) role.secretIds.delete(String(secret_id));
		else role.secretIds.set(String(secret_id), left - 1);
		const client_token = this.addToken(role.token);
		const { accessor } = this.tokens.get(client_token)!;
		return {
			client_token,
			accessor,
			policies: ['default'],
			token_policies: ['default'],
			metadata: { role_name: 'n8n' },
			lease_duration: role.token.ttl ?? 1200,
			renewable: true,
			entity_id: randomUUID(),
			token_type: 'service',
			orphan: true,
			mfa_requirement: null,
			num_uses: role.token.uses ?? 0,
		};
	}

	/** The token of a request, which has then one use less. */
	enter(id: string | undefined): Token {
		// GUESS: newer servers answer 403 here, older ones 400.
		if (id === undefined || id === '') throw new VaultError(403, 'missing client token');
		const token = this.tokens.get(id);
		if (token === undefined || this.isOver(token)) {
			this.tokens.delete(id);
			throw new VaultError(403, '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n');
		}
		token.left--;
		return token;
	}

	/** Checks a right; without it the answer looks as for a wrong token in older versions. */
	check(token: Token, path: string, capability: Capability): void {
		if (!this.allows(token, path, capability)) {
			throw new VaultError(403, '1 error occurred:\n\t* permission denied\n\n');
		}
	}

	allows({ policy, noDefaultPolicy }: Token, path: string, capability: Capability): boolean {
		if (policy === undefined) return true;
		if (SELF.test(path) && !noDefaultPolicy) return true;
		return capabilitiesOf(policy, path).includes(capability);
	}

	/** True if a token may do anything at all below a mount. */
	seesMount({ policy }: Token, mount: string): boolean {
		if (policy === undefined) return true;
		return Object.entries(policy).some(
			([path, rights]) => rights.length > 0 && path.startsWith(mount),
		);
	}

	describe({ id, accessor, issued, ttl, left }: Token) {
		return {
			accessor,
			creation_time: Math.floor(issued / 1000),
			id,
			num_uses: left === Infinity ? 0 : left,
			policies: ['default'],
			renewable: ttl !== undefined,
			ttl: ttl === undefined ? 0 : Math.ceil((issued + ttl * 1000 - this.now()) / 1000),
			type: 'service',
		};
	}

	private isOver({ issued, ttl, left }: Token): boolean {
		return left <= 0 || (ttl !== undefined && this.now() >= issued + ttl * 1000);
	}
}

function capabilitiesOf(policy: Policy, path: string): Capability[] {
	const matching = Object.keys(policy).filter((pattern) => patternOf(pattern).test(path));
	// The longest pattern counts, and one without a star before one with it.
	matching.sort((a, b) => Number(b.endsWith('*')) - Number(a.endsWith('*')) || a.length - b.length);
	const best = matching.at(-1);
	return best === undefined ? [] : policy[best]!;
}

function patternOf(pattern: string): RegExp {
	const source = pattern
		.replace(/[.?^${}()|[\]\\]/g, '\\$&')
		.replaceAll('+', '[^/]+')
		.replace(/\*$/, '.*');
	return new RegExp(`^${source}$`);
}
