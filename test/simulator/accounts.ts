import type { Principal } from './auth';
import type { Answer } from './envelope';
import { Refusal, success } from './envelope';
import { pageParameter, resultInfo } from './paging';

export interface AccountSummary {
	id: string;
	name: string;
	createdOn: string;
}

/**
 * GET /accounts: page, per_page (5 to 50), name, direction.
 * @throws Refusal 1001 for account-owned tokens (observed, with this text)
 */
export const listAccounts = (
	principal: Principal,
	accounts: readonly AccountSummary[],
	query: Readonly<Record<string, string>>,
): Answer => {
	if (principal.kind === 'accountToken') {
		throw new Refusal(400, {
			code: 1001,
			message: 'List accounts endpoint does not support account owned tokens.',
		});
	}
	const page = pageParameter(query, 'page', 1, [1, 1_000_000]);
	const perPage = pageParameter(query, 'per_page', 20, [5, 50]);
	// GUESS: the name filter wants the whole name, and accounts come ordered by name.
	const found = accounts
		.filter(({ name }) => query.name === undefined || name === query.name)
		.sort((one, other) => one.name.localeCompare(other.name));
	if (query.direction === 'desc') found.reverse();
	const shown = found.slice((page - 1) * perPage, page * perPage);
	const answer = success(
		shown.map(({ id, name, createdOn }) => ({
			id,
			name,
			type: 'enterprise',
			settings: { enforce_twofactor: false },
			created_on: createdOn,
		})),
	);
	answer.body.result_info = {
		...resultInfo(page, perPage, shown.length, found.length),
		total_pages: Math.ceil(found.length / perPage),
	};
	return answer;
};

/**
 * GET /user/tokens/verify for user tokens, GET /accounts/{id}/tokens/verify for account-owned ones.
 * @param principal undefined when the token is unknown
 * @throws Refusal 1000
 */
export const verifyToken = (
	principal: Principal | undefined,
	kind: 'userToken' | 'accountToken',
): Answer => {
	// GUESS: code, text and status for a token that is unknown or of the other kind.
	if (principal?.kind !== kind) {
		throw new Refusal(401, { code: 1000, message: 'Invalid API Token' });
	}
	const { id, status, expiresOn } = principal;
	const result = { id, status, ...(expiresOn !== undefined && { expires_on: expiresOn }) };
	// GUESS: a token that no longer works is answered with its status and no message.
	return status === 'active'
		? success(result, [{ code: 10000, message: 'This API Token is valid and active', type: null }])
		: success(result);
};
