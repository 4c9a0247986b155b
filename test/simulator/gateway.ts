import type { AccountSummary } from './accounts';
import { listAccounts, verifyToken } from './accounts';
import type { Authenticator, Principal } from './auth';
import { authenticationError, unauthorizedAccount } from './auth';
import type { Answer } from './envelope';
import { Refusal, couldNotRoute, failure, invalidRequest } from './envelope';
import type { PskFault } from './faults';
import type { Account, MagicOperation, Outcome } from './operations';
import { MAGIC_OPERATIONS, isMagicOperation, isWrite } from './operations';
import type { RateLimiter } from './rateLimit';
import type { Route } from './routes';
import type { RecordedRequest } from './types';

const IDENTIFIER = /^[0-9a-f]{32}$/;

export interface GatewayParts {
	account: Account;
	/** Accounts that every credential can see, by id; the value says whether Magic is sold to them. */
	visible: ReadonlyMap<string, { summary: AccountSummary; onboarded: boolean }>;
	authenticator: Authenticator;
	rateLimiter: RateLimiter;
}

export interface Handled extends Outcome {
	/** Whose rate limit the answer's headers tell. */
	principalId?: string;
}

export interface Incoming {
	request: RecordedRequest;
	route: Route;
	rawBody: Buffer;
	pskFaults: readonly PskFault[];
}

const objectTarget = ({ headers }: RecordedRequest): boolean => {
	const value = headers['x-magic-new-hc-target'] ?? 'false';
	// GUESS: anything but the two booleans is refused.
	if (value !== 'true' && value !== 'false') {
		throw invalidRequest('header x-magic-new-hc-target must be a boolean');
	}
	return value === 'true';
};

/** @returns undefined when there is no body: psk_generate and DELETE work without one */
const parsedBody = ({ request, rawBody }: Incoming): unknown => {
	if (rawBody.length === 0) return undefined;
	const type = request.headers['content-type'] ?? '';
	// GUESS: code and status for another content type.
	if (!/^application\/json\s*(;|$)/i.test(type)) {
		throw new Refusal(415, { code: 1022, message: `Invalid Request: unsupported content type` });
	}
	try {
		return JSON.parse(rawBody.toString('utf8')) as unknown;
	} catch {
		throw invalidRequest('error parsing request body: invalid JSON');
	}
};

/** From a request to an answer: routing, credentials, limits, permissions, then the operation. */
export class Gateway {
	constructor(private readonly parts: GatewayParts) {}

	handle(incoming: Incoming): Handled {
		const who: { id?: string } = {};
		try {
			const outcome = this.dispatch(incoming, who);
			return { ...outcome, ...(who.id !== undefined && { principalId: who.id }) };
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			return {
				answer: error.toAnswer(),
				applied: false,
				...(who.id !== undefined && { principalId: who.id }),
			};
		}
	}

	/** GUESS: the order of the checks; nothing says what is answered to a request wrong in two ways. */
	private dispatch(incoming: Incoming, who: { id?: string }): Outcome {
		const { request, route } = incoming;
		const { authenticator } = this.parts;
		this.refuseUnroutable(request, route);
		const read = (answer: Answer): Outcome => ({ answer, applied: false });

		if (route.operation === 'verifyToken' || route.operation === 'verifyAccountToken') {
			// Security of these is api_token only. GUESS: an email and key count as missing headers.
			const known = authenticator.identifyToken(request.headers);
			const limited = known && this.limited(known, who);
			if (limited) return limited;
			if (route.accountId !== undefined) this.refuseForeign(route.accountId);
			const kind = route.operation === 'verifyToken' ? 'userToken' : 'accountToken';
			return read(verifyToken(known, kind));
		}

		const principal = authenticator.authenticate(request.headers);
		const limited = this.limited(principal, who);
		if (limited) return limited;
		if (route.operation === 'listAccounts') {
			const accounts = [...this.parts.visible.values()].map(({ summary }) => summary);
			return read(listAccounts(principal, accounts, request.query));
		}
		if (!isMagicOperation(route.operation)) throw couldNotRoute(request.path);
		return this.magic(route.operation, incoming, principal);
	}

	private magic(operation: MagicOperation, incoming: Incoming, principal: Principal): Outcome {
		const { request, route, pskFaults } = incoming;
		this.refuseForeign(route.accountId ?? '', principal);
		// "Magic WAN Read/Write", "Magic Transit Read/Write" (x-api-token-group); the users' roles are
		// "Network Services (Magic)" and "(Magic, Read-Only)".
		// GUESS: a read-only user role is refused as a read-only token is.
		const allowed = isWrite(operation) ? principal.magic === 'write' : principal.magic !== 'none';
		if (!allowed) throw authenticationError();
		if (!this.parts.visible.get(route.accountId ?? '')?.onboarded) {
			// The code was observed. GUESS: status and text.
			throw new Refusal(403, {
				code: 1012,
				message: 'Account is not onboarded to Magic Transit or Magic WAN',
			});
		}
		return MAGIC_OPERATIONS[operation]({
			account: this.parts.account,
			tunnelId: route.tunnelId ?? '',
			query: request.query,
			objectTarget: objectTarget(request),
			// GUESS: a GET's body is ignored.
			body: isWrite(operation) ? parsedBody(incoming) : undefined,
			pskFaults,
		});
	}

	private refuseUnroutable({ path, method }: RecordedRequest, route: Route): void {
		const { operation, wrongMethod, accountId = null, tunnelId = null } = route;
		if (wrongMethod) {
			// GUESS: code, text and status.
			throw new Refusal(405, { code: 10405, message: `Method ${method} not allowed` });
		}
		if (operation === 'unknown') {
			throw new Refusal(404, { code: 7003, message: 'No route for the URI' });
		}
		// GUESS: a malformed tunnel id is refused like a malformed account id.
		for (const id of [accountId, tunnelId]) {
			if (id !== null && !IDENTIFIER.test(id)) throw couldNotRoute(path);
		}
	}

	private refuseForeign(accountId: string, principal?: Principal): void {
		const own = accountId === this.parts.account.id;
		// GUESS: an account-owned token sees no account but its own.
		const visible = principal?.kind === 'accountToken' ? own : this.parts.visible.has(accountId);
		if (!visible) throw unauthorizedAccount();
	}

	private limited({ id }: Principal, who: { id?: string }): Outcome | undefined {
		who.id = id;
		const answer = this.parts.rateLimiter.take(id);
		return answer && { answer, applied: false };
	}
}

export const brokenSimulator = (error: unknown): Answer =>
	failure(500, [
		{
			code: 500,
			message: `Simulator failed: ${error instanceof Error ? error.message : 'unknown'}`,
		},
	]);
