/**
 * What a person can do about a code that Cloudflare answers. Texts only: nothing of a request or
 * an answer is ever put into one.
 *
 * Codes: observed by users of Cloudflare's API and its Terraform provider; Cloudflare publishes no
 * list for Magic.
 */
const PERMISSION =
	"In Cloudflare's dashboard, Manage Account > Account API Tokens (or My Profile > API Tokens), give the token 'Magic WAN Write' or 'Magic Transit Write' for this account; 'Read' is enough for Get and Get Many. With email and API key, the user needs the role 'Network Services (Magic)'.";

/** For tunnels' health, which is none of Magic's. */
export const ANALYTICS_PERMISSION =
	"Reading tunnels' health needs the permission 'Account Analytics Read', which no permission for Magic includes. In Cloudflare's dashboard, Manage Account > Account API Tokens (or My Profile > API Tokens), add Account > Account Analytics > Read to the token. With email and API key, the user needs a role that may see the account's analytics.";

const ONBOARDING =
	'The account has no Magic WAN or Magic Transit. Check the Account ID, or ask your Cloudflare account team to turn the product on.';

const THROTTLE =
	'Cloudflare allows 1,200 requests in five minutes for a user or token. Wait five minutes, or send fewer requests (psk set takes many tunnels in one).';

export const REMEDIES: Readonly<Record<number, string>> = {
	971: THROTTLE,
	1012: ONBOARDING,
	1022: 'Check the fields of the item: Cloudflare could not accept one of them.',
	1025: ONBOARDING,
	1032: 'The tunnel may have been deleted. List the tunnels with Get Many and use an id or a name from there.',
	6003: "The credential's token, key or email is malformed. Copy it again, with no spaces and without the word Bearer.",
	7003: 'Check the Account ID and the Base URL of the credential.',
	9103: 'Cloudflare does not know this email and API key together. Copy the Global API Key from My Profile > API Tokens again, or use an API token instead.',
	9106: 'The request reached Cloudflare without its credential: a proxy or gateway may have taken it out.',
	9109: 'The token is not valid, or may not see this account. Check the token and the Account ID.',
	10000: `The token or key is not valid, or lacks the permission. ${PERMISSION}`,
	10001:
		'Cloudflare could not authenticate the request. If an API key was put where an API token belongs, choose the other authentication.',
	10429: THROTTLE,
	10502:
		'Too many attempts with a wrong token or key. Correct the credential, then wait some minutes.',
};

/** Remedies for a status when the answer holds no code that is known. */
export const STATUS_REMEDIES: Readonly<Record<number, string>> = {
	401: REMEDIES[10000]!,
	403: `${PERMISSION} A firewall or gateway on the way may also have refused the request.`,
	404: 'Check the Base URL, the Account ID and that the tunnel still exists.',
	429: THROTTLE,
};

/** Codes of a credential that Cloudflare does not take, whatever the status. */
export const CREDENTIAL_CODES: readonly number[] = [6003, 9103, 9106, 9109, 10000, 10001];

/** Codes of an account that has no Magic, or is none. */
export const CONFIGURATION_CODES: readonly number[] = [1012, 1025, 7003];

/** Codes that have nothing to do with what a request holds. */
export const ACCOUNT_CODES: ReadonlySet<number> = new Set([
	...CREDENTIAL_CODES,
	...CONFIGURATION_CODES,
]);
