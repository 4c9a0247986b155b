import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { invalidAlerting } from './errors';
import type { AlertingOptions } from './types';

const blockList = (...subnets: readonly (readonly [string, number])[]): BlockList => {
	const list = new BlockList();
	for (const [network, length] of subnets) {
		list.addSubnet(network, length, isIPv4(network) ? 'ipv4' : 'ipv6');
	}
	return list;
};

const LOOPBACK = blockList(['127.0.0.0', 8], ['::1', 128]);

/** What the Internet does not route (IANA's special-purpose registries), shortened. */
const RESERVED = blockList(
	['0.0.0.0', 8],
	['10.0.0.0', 8],
	['100.64.0.0', 10],
	['169.254.0.0', 16],
	['172.16.0.0', 12],
	['192.168.0.0', 16],
	['224.0.0.0', 3],
	['::', 128],
	['fc00::', 7],
	['fe80::', 10],
);

const isIn = (list: BlockList, host: string): boolean =>
	(isIPv4(host) && list.check(host, 'ipv4')) || (isIPv6(host) && list.check(host, 'ipv6'));

/** An IPv6 address stands in brackets in a URL. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

export const isLoopbackUrl = (url: URL): boolean =>
	hostOf(url) === 'localhost' || isIn(LOOPBACK, hostOf(url));

/** GUESS: what counts as public; Cloudflare resolves names, the simulator only looks at them. */
const isPublic = (url: URL): boolean => {
	const host = hostOf(url);
	if (isIPv4(host) || isIPv6(host)) return !isIn(RESERVED, host) && !isLoopbackUrl(url);
	return host.includes('.') && !/\.(localhost|local|internal)$/.test(host);
};

/**
 * The address of a webhook: public, on port 80 or 443 (notifications, configure-webhooks).
 * GUESS: how others are refused.
 * @throws Refusal
 */
export const refuseBadWebhookUrl = (text: string, { allowLoopback }: AlertingOptions): void => {
	if (!URL.canParse(text)) throw invalidAlerting('Invalid webhook URL');
	const url = new URL(text);
	if (url.protocol !== 'https:' && url.protocol !== 'http:') {
		throw invalidAlerting('Invalid webhook URL: the scheme must be http or https');
	}
	if (allowLoopback && url.protocol === 'http:' && isLoopbackUrl(url)) return;
	if (!isPublic(url)) throw invalidAlerting('Invalid webhook URL: the address must be public');
	if (!['', '80', '443'].includes(url.port)) {
		throw invalidAlerting('Invalid webhook URL: the port must be 80 or 443');
	}
};

/**
 * Where a webhook is answered in truth; the simulator never talks to anything but loopback.
 * @returns undefined when nobody answers there
 */
export const reachableUrl = (
	text: string,
	{ allowLoopback, publicOrigins = {} }: AlertingOptions,
): URL | undefined => {
	const url = new URL(text);
	const origin = publicOrigins[url.origin];
	if (origin !== undefined) return new URL(`${url.pathname}${url.search}`, origin);
	return allowLoopback && isLoopbackUrl(url) ? url : undefined;
};

/** @throws Error when a public origin would be answered elsewhere than on loopback */
export const refuseBadOrigins = ({ publicOrigins = {} }: AlertingOptions): void => {
	for (const [origin, target] of Object.entries(publicOrigins)) {
		if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
			throw new Error(`A public origin looks like https://n8n.example.com, not "${origin}"`);
		}
		if (!URL.canParse(target) || !isLoopbackUrl(new URL(target))) {
			throw new Error(`${origin} must be answered on loopback, not at "${target}"`);
		}
	}
};
