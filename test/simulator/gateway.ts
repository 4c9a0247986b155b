import type { AccountSummary } from './accounts';
import { listAccounts, verifyToken } from './accounts';
import { invalidAlerting } from './alerting/errors';
import type { AlertingOperation } from './alerting/operations';
import { ALERTING_OPERATIONS, isAlertingOperation, isAlertingWrite } from './alerting/operations';
import type { AlertingAccount } from './alerting/types';
import type { Authenticator, Permission, Principal } from './auth';
import { authenticationError, unauthorizedAccount } from './auth';
import type { Answer, Outcome, Sent } from './envelope';
import { Refusal, couldNotRoute, failure, invalidRequest } from './envelope';
import type { Account, Call } from './call';
import type { ConductFault } from './faults';
import type { MagicOperation } from './operations';
import { MAGIC_OPERATIONS, isMagicOperation, isWrite } from './operations';
import { GraphqlRefusal, refusalAnswer } from './health/errors';
import type { AccountHealth } from './health/query';
import { answerQuery } from './health/query';
import type { RateLimiter } from './rateLimit';
import type { Route } from './routes';
import type { RecordedRequest } from './types';

const IDENTIFIER = /^[0-9a-f]{32}$/;

export interface VisibleAccount {
	/** Whether Magic is sold to it. */
	onboarded: boolean;
	alerting: AlertingAccount;
}

export interface GatewayParts {
	account: Account;
	/** Accounts that every credential can see, by id. */
	visible: ReadonlyMap<string, VisibleAccount>;
	/** What GET /accounts lists, which may be more: accounts that other simulators play. */
	summaries: readonly AccountSummary[];
	authenticator: Authenticator;
	rateLimiter: RateLimiter;
	health: HealthParts;
}

export interface HealthParts extends AccountHealth {
	/** Counts queries, besides the limit of all requests. */
	limiter: RateLimiter;
	/** By account, also those that other simulators play. */
	accounts: ReadonlyMap<string, AccountHealth>;
}

export interface Handled extends Outcome {
	/** Whose rate limit the answer's headers tell. */
	principalId?: string;
}

export interface Incoming {
	request: RecordedRequest;
	route: Route;
	rawBody: Buffer;
	conduct: readonly ConductFault[];
}

const objectTarget = ({ headers }: RecordedRequest): boolean => {
	const value = headers['x-magic-new-hc-target'] ?? 'false';
	// GUESS: anything but the two booleans is refused.
	if (value !== 'true' && value !== 'false') {
		throw invalidRequest('header x-magic-new-hc-target must be a boolean');
	}
	return value === 'true';
};

/**
 * @param refuse the code that the product's errors have
 * @returns undefined when there is no body: psk_generate and DELETE work without one
 */
const parsedBody = (
	{ request, rawBody }: Incoming,
	refuse: (message: string) => Refusal = invalidRequest,
): unknown => {
	if (rawBody.length === 0) return undefined;
	const type = request.headers['content-type'] ?? '';
	// GUESS: code and status for another content type.
	if (!/^application\/json\s*(;|$)/i.test(type)) {
		const { error } = refuse('unsupported content type');
		throw new Refusal(415, { code: error.code, message: error.message });
	}
	try {
		return JSON.parse(rawBody.toString('utf8')) as unknown;
	} catch {
		throw refuse('error parsing request body: invalid JSON');
	}
};

/** GUESS: a read-only user role is refused as a read-only token is. */
const refuseForbidden = (permission: Permission, isWriting: boolean): void => {
	const isAllowed = isWriting ? permission === 'write' : permission !== 'none';
	if (!isAllowed) throw authenticationError();
};

/** The operation, by an account that may not know `validate_only`. */
const carriedOut = (operation: MagicOperation, call: Call): Outcome => {
	const run = MAGIC_OPERATIONS[operation];
	const ignoring = call.conduct.find((fault) => fault.kind === 'ignoreValidateOnly');
	if (!ignoring) return run(call);
	const { validate_only: asked, ...query } = call.query;
	// Checked first, as a check of what is done already would be refused.
	const checked = ignoring.answer === 'validated' && asked === 'true' ? run(call) : undefined;
	const outcome = run({ ...call, query });
	return { ...outcome, answer: checked?.answer ?? outcome.answer };
};

/** From a request to an answer: routing, credentials, limits, permissions, then the operation. */
export class Gateway {
	constructor(private readonly parts: GatewayParts) {}

	async handle(incoming: Incoming): Promise<Handled> {
		const who: { id?: string } = {};
		try {
			const outcome = await this.dispatch(incoming, who);
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
	private dispatch(incoming: Incoming, who: { id?: string }): Outcome | Promise<Outcome> {
		const { request, route } = incoming;
		const { authenticator } = this.parts;
		this.refuseUnroutable(request, route);
		const read = (answer: Sent): Outcome => ({ answer, applied: false });

		if (route.operation === 'verifyToken' || route.operation === 'verifyAccountToken') {
			// Security of these is api_token only. GUESS: an email and key count as missing headers.
			const known = authenticator.identifyToken(request.headers);
			const limited = known && this.limited(known, who);
			if (limited) return limited;
			if (route.accountId !== undefined) this.accountFor(route.accountId, known);
			const kind = route.operation === 'verifyToken' ? 'userToken' : 'accountToken';
			return read(verifyToken(known, kind));
		}

		const principal = authenticator.authenticate(request.headers);
		const limited = this.limited(principal, who);
		if (limited) return limited;
		if (route.operation === 'listAccounts') {
			return read(listAccounts(principal, this.parts.summaries, request.query));
		}
		const { operation } = route;
		if (operation === 'graphql') return this.graphql(incoming, principal);
		if (isMagicOperation(operation)) return this.magic(operation, incoming, principal);
		if (isAlertingOperation(operation)) return this.alerting(operation, incoming, principal);
		throw couldNotRoute(request.path);
	}

	/**
	 * 300 queries in five minutes for a user, or for an account where the limit is the account's
	 * (developers.cloudflare.com/analytics/graphql-api/limits/). GUESS: queries that are refused count too.
	 */
	private async graphql({ request }: Incoming, principal: Principal): Promise<Outcome> {
		const { now, limiter, accounts } = this.parts.health;
		if (limiter.take(principal.id) !== undefined) {
			return { answer: this.tooManyQueries(now()), applied: false };
		}
		// GUESS: a token without the permission is told that it is not authorized for the account.
		const accountBy = (tag: string) => (principal.analytics ? accounts.get(tag) : undefined);
		return { answer: await answerQuery(request.body, { accountBy, now }), applied: false };
	}

	private tooManyQueries(now: number): Sent {
		const { account, health } = this.parts;
		if (health.options.queryLimitForm !== 'account') {
			return refusalAnswer(new GraphqlRefusal('budget'), now);
		}
		const message = `Account ${account.id} has exceeded its rate limit. Please try again after 5 minutes`;
		// GUESS: with HTTP 200, as other refusals were observed.
		const answer = refusalAnswer({ status: 200, message, code: 'budget' }, now);
		return { ...answer, headers: { 'X-Rate-Limit-Type': 'account-based' } };
	}

	private magic(operation: MagicOperation, incoming: Incoming, principal: Principal): Outcome {
		const { request, route, conduct } = incoming;
		const { onboarded } = this.accountFor(route.accountId ?? '', principal);
		// "Magic WAN Read/Write", "Magic Transit Read/Write" (x-api-token-group); the users' roles are
		// "Network Services (Magic)" and "(Magic, Read-Only)".
		refuseForbidden(principal.magic, isWrite(operation));
		if (!onboarded) {
			// The code was observed. GUESS: status and text.
			throw new Refusal(403, {
				code: 1012,
				message: 'Account is not onboarded to Magic Transit or Magic WAN',
			});
		}
		return carriedOut(operation, {
			account: this.parts.account,
			tunnelId: route.tunnelId ?? '',
			query: request.query,
			objectTarget: objectTarget(request),
			// GUESS: a GET's body is ignored.
			body: isWrite(operation) ? parsedBody(incoming) : undefined,
			conduct,
		});
	}

	private alerting(
		operation: AlertingOperation,
		incoming: Incoming,
		principal: Principal,
	): Outcome | Promise<Outcome> {
		const { request, route } = incoming;
		const { alerting } = this.accountFor(route.accountId ?? '', principal);
		// "Notifications Read/Write" (x-api-token-group). Not simulated: "Account Settings Read/Write", which
		// serve as well.
		const isChange = isAlertingWrite(operation);
		refuseForbidden(principal.notifications, isChange);
		return ALERTING_OPERATIONS[operation]({
			account: alerting,
			id: route.alertingId ?? '',
			query: request.query,
			body: isChange ? parsedBody(incoming, invalidAlerting) : undefined,
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

	/** @throws Refusal when the account cannot be seen */
	private accountFor(accountId: string, principal?: Principal): VisibleAccount {
		const account = this.parts.visible.get(accountId);
		// GUESS: an account-owned token sees no account but its own.
		const isForeign = principal?.kind === 'accountToken' && accountId !== principal.accountId;
		if (!account || isForeign) throw unauthorizedAccount();
		return account;
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
