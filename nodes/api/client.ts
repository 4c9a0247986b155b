import type {
	IAllExecuteFunctions,
	IDataObject,
	IHttpRequestMethods,
	IN8nHttpFullResponse,
	NodeApiError,
} from 'n8n-workflow';
import { trimBaseUrl } from './account';
import { RefusedCredentialError } from '../shared/authenticate';
import { clock } from '../http/clock';
import type { CallFailure, Effect } from '../shared/errors';
import { callError } from '../shared/errors';
import type { JsonRecord } from '../http/json';
import { record, text } from '../http/json';
import { Pacer } from './pacer';
import { REMEDIES } from './remedies';
import type { Fault, RepeatPolicy } from '../http/retry';
import { delayBefore, effectOfFault, MAX_REPEATS, mayRepeat, retryAfterMs } from '../http/retry';

/** Milliseconds until an attempt without a whole answer is given up. */
export const DEFAULT_TIMEOUT_MS = 60_000;

/** Milliseconds that one call may spend waiting between attempts: Cloudflare blocks for 300 s. */
export const LONGEST_TOTAL_WAIT_MS = 330_000;

export type CredentialType = 'cloudflareMagicTokenApi' | 'cloudflareMagicKeyApi';

/** n8n's context of any kind that can send requests. */
export type RequestContext = Pick<
	IAllExecuteFunctions,
	'helpers' | 'getNode' | 'getCredentials' | 'logger'
> & { getExecutionCancelSignal?(): AbortSignal | undefined };

export interface ClientSettings {
	credentialType: CredentialType;
	/** Checked by `baseUrlFault` before it gets here. */
	baseUrl: string;
	/** Checked by `accountIdFault` before it gets here. */
	accountId: string;
	/** Texts that must never be repeated to a person, such as the token. */
	secrets: readonly string[];
	timeoutMs?: number;
	/** Milliseconds that one call may spend waiting between attempts. */
	longestWaitMs?: number;
}

export interface Call {
	method: IHttpRequestMethods;
	/** The part of Cloudflare's API below the account; `magic` without it. */
	api?: 'magic' | 'alerting/v3';
	/** Path below that part, already checked and encoded. */
	path: string;
	query?: IDataObject;
	body?: object;
	/** Send `x-magic-new-hc-target: true`: health check targets as objects. */
	newHealthCheckTarget?: boolean;
	repeat: RepeatPolicy;
	/** What is asked, for messages: "list the tunnels". */
	action: string;
	/** What to do about codes that mean something else here than elsewhere. */
	remedies?: Readonly<Record<number, string>>;
	/** What to do about statuses that come without a known code. */
	statusRemedies?: Readonly<Record<number, string>>;
	itemIndex?: number;
	/** Texts of this request that Cloudflare's answer might echo and nobody may see. */
	secrets?: readonly string[];
}

export interface CallResult {
	/** The envelope's `result`. */
	result: unknown;
	/** True if an earlier attempt's answer was lost: that attempt may have made the change. */
	repeatedBlindly: boolean;
}

interface Attempt {
	fault?: Fault;
	failure?: Omit<CallFailure, 'action' | 'effect'>;
	result?: unknown;
	retryAfterMs: number;
}

/**
 * Network codes after which it is certain that no request was sent: they come while a connection
 * is made. An unreachable host is not among them, because a connection that was made can end so too.
 */
const NOT_SENT =
	/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ERR_TLS_CERT_ALTNAME_INVALID|CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/;

const NETWORK_TEXTS: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'the connection was refused',
	ENOTFOUND: 'the address of the Base URL could not be found',
	EAI_AGAIN: 'the address of the Base URL could not be looked up just now',
	ETIMEDOUT: 'no answer came in time',
	ECONNABORTED: 'no answer came in time',
	ERR_CANCELED: 'no answer came in time',
};

/** The network's code in an error of n8n's HTTP helper, wherever it was put. */
function networkCode(error: unknown): string {
	let current = record(error);
	for (let depth = 0; current !== undefined && depth < 4; depth++) {
		for (const key of ['code', 'httpCode']) {
			const code = text(current[key]);
			if (code !== undefined && /^[A-Z][A-Z0-9_]+$/.test(code)) return code;
		}
		current = record(current.cause);
	}
	return 'unknown';
}

/** Texts that JSON writes as they are. */
const SAME_IN_JSON = /^[ !#-[\]-~]*$/;

/** The forms of a secret in a text: as it is, and escaped as in JSON. */
function formsOf(secret: string): string[] {
	if (SAME_IN_JSON.test(secret)) return [secret];
	return [secret, JSON.stringify(secret).slice(1, -1)];
}

/** Replaces every secret, plain or escaped as in JSON, in a text that came from outside. */
export function withoutSecrets(value: string, secrets: readonly string[]): string {
	return secrets
		.flatMap((secret) => (secret === '' ? [] : formsOf(secret)))
		.filter((form) => value.includes(form))
		.sort((a, b) => b.length - a.length)
		.reduce((shown, form) => shown.split(form).join('***'), value);
}

/** Sends requests to one account with one credential. */
export class CloudflareClient {
	private readonly pacer = new Pacer();

	constructor(
		private readonly context: RequestContext,
		private readonly settings: ClientSettings,
	) {}

	get accountId(): string {
		return this.settings.accountId;
	}

	/**
	 * Sends one call, paced and repeated as its policy allows.
	 *
	 * @returns the envelope's result of an answer that is 2xx, JSON and `success: true`
	 * @throws NodeApiError for everything else; `effectOf` tells what the call may have changed
	 */
	async send(call: Call): Promise<CallResult> {
		let blind = false;
		let waited = 0;
		for (let repeat = 0; ; repeat++) {
			const attempt = await this.attempt(call);
			if (attempt.fault === undefined) {
				return { result: attempt.result, repeatedBlindly: blind };
			}
			const delay = delayBefore(repeat, attempt.retryAfterMs, clock.random());
			const over =
				repeat === MAX_REPEATS ||
				waited + delay > (this.settings.longestWaitMs ?? LONGEST_TOTAL_WAIT_MS) ||
				!mayRepeat(call.repeat, attempt.fault) ||
				this.cancelSignal()?.aborted === true;
			blind ||= effectOfFault(attempt.fault) === 'unknown';
			if (over) throw this.failed(call, attempt, blind ? 'unknown' : 'none');
			waited += delay;
			try {
				await clock.sleep(delay, this.cancelSignal());
			} catch {
				throw this.failed(call, attempt, blind ? 'unknown' : 'none');
			}
		}
	}

	/** The error for an answer whose envelope is good and whose result is not. */
	unexpected(call: Call, what: string): NodeApiError {
		const effect = call.repeat === 'read' ? 'none' : 'unknown';
		return callError(
			this.context.getNode(),
			{
				action: call.action,
				effect,
				what: `the answer has an unexpected form (${what})`,
				remedy: 'Check the Base URL of the credential: something else than Cloudflare may answer.',
			},
			call.itemIndex,
		);
	}

	/** Replaces the secrets of a call and of the credential in a text of Cloudflare's. */
	clean(value: string, call: Call): string {
		return withoutSecrets(value, [...this.settings.secrets, ...(call.secrets ?? [])]);
	}

	private cancelSignal(): AbortSignal | undefined {
		return this.context.getExecutionCancelSignal?.();
	}

	private failed(call: Call, attempt: Attempt, effect: Effect): NodeApiError {
		const failure: CallFailure = {
			what: 'the request was not answered',
			...attempt.failure,
			action: call.action,
			effect: call.repeat === 'read' ? 'none' : effect,
			retryAfterMs: attempt.retryAfterMs,
		};
		return callError(this.context.getNode(), failure, call.itemIndex);
	}

	private async attempt(call: Call): Promise<Attempt> {
		try {
			await this.pacer.enter(this.cancelSignal());
		} catch {
			return {
				fault: 'refused',
				failure: { what: 'the execution was stopped before the request was sent' },
				retryAfterMs: 0,
			};
		}
		let rateLimit: unknown;
		try {
			const response = await this.request(call);
			rateLimit = response.headers?.ratelimit;
			return this.read(call, response);
		} catch (error) {
			return networkFault(error);
		} finally {
			this.pacer.leave(rateLimit);
		}
	}

	private async request(call: Call): Promise<IN8nHttpFullResponse> {
		const { baseUrl, accountId, credentialType, timeoutMs = DEFAULT_TIMEOUT_MS } = this.settings;
		const timeout = clock.deadline(timeoutMs);
		const cancel = this.cancelSignal();
		const signal = cancel === undefined ? timeout : AbortSignal.any([cancel, timeout]);
		// The helper's own timeout is one of silence and never ends a slow drip; the only signal
		// that it heeds is the one it asks of its caller.
		const caller = Object.create(this.context, {
			getExecutionCancelSignal: { value: () => signal },
		}) as IAllExecuteFunctions;
		return (await this.context.helpers.httpRequestWithAuthentication.call(caller, credentialType, {
			method: call.method,
			url: `${trimBaseUrl(baseUrl)}/accounts/${accountId}/${call.api ?? 'magic'}${call.path}`,
			headers: call.newHealthCheckTarget ? { 'x-magic-new-hc-target': 'true' } : {},
			qs: call.query,
			body: call.body as IDataObject | undefined,
			json: true,
			timeout: timeoutMs,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			disableFollowRedirect: true,
		})) as IN8nHttpFullResponse;
	}

	private read(call: Call, response: IN8nHttpFullResponse): Attempt {
		const status = response.statusCode;
		const envelope = record(response.body);
		const ok = status >= 200 && status < 300;
		if (ok && envelope?.success === true) {
			return { result: envelope.result, retryAfterMs: 0 };
		}
		const refusal = envelope?.success === false;
		return {
			fault: faultOf(status, refusal),
			failure: {
				remedy: call.statusRemedies?.[status],
				...this.cloudflareError(call, envelope),
				what: whatHappened(status, refusal, response.body),
				httpCode: String(status),
				rayId: text(response.headers?.['cf-ray']),
			},
			retryAfterMs: retryAfterMs(response.headers?.['retry-after'], clock.now()),
		};
	}

	private cloudflareError(
		call: Call,
		envelope: JsonRecord | undefined,
	): Pick<CallFailure, 'code' | 'detail' | 'documentationUrl' | 'pointer' | 'remedy'> {
		const errors = Array.isArray(envelope?.errors)
			? envelope.errors.map(record).filter((entry) => entry !== undefined)
			: [];
		const first = errors[0];
		if (first === undefined) return {};
		const chain = Array.isArray(first.error_chain) ? first.error_chain.map(record) : [];
		const detail = [...errors, ...chain]
			.map((entry) => text(entry?.message))
			.filter((message) => message !== undefined)
			.join('; ');
		const shown = (value: string | undefined) =>
			value === undefined ? undefined : this.clean(value, call);
		const code = typeof first.code === 'number' ? first.code : undefined;
		const remedy = call.remedies?.[code ?? -1] ?? REMEDIES[code ?? -1];
		return {
			code,
			...(remedy === undefined ? {} : { remedy }),
			detail: shown(text(detail)),
			documentationUrl: shown(text(first.documentation_url)),
			pointer: shown(text(record(first.source)?.pointer)),
		};
	}
}

function faultOf(status: number, refusal: boolean): Fault {
	if (status === 429) return 'throttled';
	if (status === 408 || status >= 500) return 'server';
	if (refusal || status >= 400) return 'rejected';
	return 'unreadable';
}

function whatHappened(status: number, refusal: boolean, body: unknown): string {
	if (status === 429) return 'Cloudflare is limiting the rate of requests';
	if (refusal) return `Cloudflare refused the request (HTTP ${status})`;
	if (status >= 300 && status < 400)
		return `a redirect came (HTTP ${status}), which is not followed`;
	if (status >= 400) return `the answer was HTTP ${status}, and not Cloudflare's JSON`;
	if (body === '' || body === undefined || body === null)
		return `the answer was empty (HTTP ${status})`;
	return `the answer is not Cloudflare's JSON (HTTP ${status})`;
}

function networkFault(error: unknown): Attempt {
	const cause = record(error)?.cause;
	if (cause instanceof RefusedCredentialError) {
		return {
			fault: 'rejected',
			failure: { what: "the credential can't be used", remedy: cause.message },
			retryAfterMs: 0,
		};
	}
	const code = networkCode(error);
	const refused = NOT_SENT.test(code);
	return {
		fault: refused ? 'refused' : 'lost',
		failure: {
			what:
				NETWORK_TEXTS[code] ??
				(refused ? 'no safe connection could be made' : 'the connection broke'),
			httpCode: code,
			remedy: refused
				? `Check the Base URL of the credential, and that n8n's host can reach it (network code ${code}).`
				: `Check the network between n8n's host and Cloudflare (network code ${code}).`,
		},
		retryAfterMs: 0,
	};
}
