import type { IDataObject, IHttpRequestMethods } from 'n8n-workflow';
import type { RepeatPolicy } from '../http/retry';
import type { SecretFinder } from '../http/secrets';

/** One request to Cloudflare's API, as an endpoint's function describes it. */
export interface Call {
	method: IHttpRequestMethods;
	/** The part of Cloudflare's API below the account; `magic` without it. Of `graphql` there is one for all accounts. */
	api?: 'magic' | 'alerting/v3' | 'graphql';
	/** Path below that part, already checked and encoded. */
	path: string;
	query?: IDataObject;
	body?: object;
	/** Send `x-magic-new-hc-target: true`: health check targets as objects. */
	newHealthCheckTarget?: boolean;
	repeat: RepeatPolicy;
	/** Send it after a stop too: a look at what the run has changed. */
	evenIfStopped?: boolean;
	/** Send nothing from this moment of `clock.elapsed` on, in milliseconds. */
	sendBefore?: number;
	/** And from this moment of `clock.now` on: where the machine sleeps, the other clock stands still. */
	sendBeforeDate?: number;
	/** What is asked, for messages: "list the tunnels". */
	action: string;
	/** What to do about codes that mean something else here than elsewhere. */
	remedies?: Readonly<Record<number, string>>;
	/** What to do about statuses that come without a known code. */
	statusRemedies?: Readonly<Record<number, string>>;
	/** The answer holds a secret that nobody here knows: of Cloudflare's texts only plain words are shown. */
	answersSecret?: boolean;
	/** Texts that Cloudflare's answer might echo and nobody may see. */
	secrets?: readonly string[] | SecretFinder;
}
