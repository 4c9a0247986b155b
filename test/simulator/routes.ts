import type { Operation } from './types';

export const BASE_PATH = '/client/v4';

export interface Route {
	operation: Operation;
	accountId?: string;
	tunnelId?: string;
	/** Of a webhook destination or a notification policy. */
	alertingId?: string;
	/** Set when the path exists, but not with this method. */
	wrongMethod?: boolean;
}

type Methods = Partial<Record<string, Operation>>;

type Routes = readonly [RegExp, Methods][];

const ACCOUNTS: Routes = [
	[/^\/user\/tokens\/verify$/, { GET: 'verifyToken' }],
	[/^\/accounts$/, { GET: 'listAccounts' }],
	[/^\/accounts\/(?<accountId>[^/]+)\/tokens\/verify$/, { GET: 'verifyAccountToken' }],
];

const ANALYTICS: Routes = [[/^\/graphql\/?$/, { POST: 'graphql' }]];

const MAGIC: Routes = [
	[
		/^\/accounts\/(?<accountId>[^/]+)\/magic\/ipsec_tunnels$/,
		{ GET: 'list', POST: 'create', PUT: 'bulkUpdate' },
	],
	// Before the tunnel's own path, which `psk` would match too.
	[/^\/accounts\/(?<accountId>[^/]+)\/magic\/ipsec_tunnels\/psk$/, { POST: 'pskSet' }],
	[
		/^\/accounts\/(?<accountId>[^/]+)\/magic\/ipsec_tunnels\/(?<tunnelId>[^/]+)$/,
		{ GET: 'get', PUT: 'update', DELETE: 'delete' },
	],
	[
		/^\/accounts\/(?<accountId>[^/]+)\/magic\/ipsec_tunnels\/(?<tunnelId>[^/]+)\/psk_generate$/,
		{ POST: 'pskGenerate' },
	],
];

const ALERTING: Routes = [
	[/^\/accounts\/(?<accountId>[^/]+)\/alerting\/v3\/available_alerts$/, { GET: 'availableAlerts' }],
	[
		/^\/accounts\/(?<accountId>[^/]+)\/alerting\/v3\/destinations\/webhooks$/,
		{ GET: 'listWebhooks', POST: 'createWebhook' },
	],
	[
		/^\/accounts\/(?<accountId>[^/]+)\/alerting\/v3\/destinations\/webhooks\/(?<alertingId>[^/]+)$/,
		{ GET: 'getWebhook', PUT: 'updateWebhook', DELETE: 'deleteWebhook' },
	],
	[
		/^\/accounts\/(?<accountId>[^/]+)\/alerting\/v3\/policies$/,
		{ GET: 'listPolicies', POST: 'createPolicy' },
	],
	[
		/^\/accounts\/(?<accountId>[^/]+)\/alerting\/v3\/policies\/(?<alertingId>[^/]+)$/,
		{ GET: 'getPolicy', PUT: 'updatePolicy', DELETE: 'deletePolicy' },
	],
	[
		/^\/accounts\/(?<accountId>[^/]+)\/alerting\/v3\/policies\/(?<alertingId>[^/]+)\/test$/,
		{ POST: 'testPolicy' },
	],
	[/^\/accounts\/(?<accountId>[^/]+)\/alerting\/v3\/history$/, { GET: 'listAlertHistory' }],
];

const ROUTES: Routes = [...ACCOUNTS, ...ANALYTICS, ...MAGIC, ...ALERTING];

const decoded = (segment: string | undefined): string | undefined => {
	try {
		return segment === undefined ? undefined : decodeURIComponent(segment);
	} catch {
		return segment;
	}
};

/** @param path with the base path in front */
export const findRoute = (method: string, path: string): Route => {
	if (!path.startsWith(`${BASE_PATH}/`)) return { operation: 'unknown' };
	const rest = path.slice(BASE_PATH.length);
	for (const [pattern, methods] of ROUTES) {
		const groups = pattern.exec(rest);
		if (!groups) continue;
		const accountId = decoded(groups.groups?.accountId);
		const tunnelId = decoded(groups.groups?.tunnelId);
		const alertingId = decoded(groups.groups?.alertingId);
		const operation = methods[method];
		return {
			operation: operation ?? 'unknown',
			...(accountId !== undefined && { accountId }),
			...(tunnelId !== undefined && { tunnelId }),
			...(alertingId !== undefined && { alertingId }),
			...(operation === undefined && { wrongMethod: true }),
		};
	}
	return { operation: 'unknown' };
};
