/**
 * Where Cloudflare sends notifications to: public addresses on port 80 or 443 only
 * (https://developers.cloudflare.com/notifications/get-started/configure-webhooks/). Plain http is
 * refused here, because every notification carries the secret.
 */

const PRIVATE_IPV4 =
	/^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|22[4-9]|2[34]\d|25[0-5])\./;

const IPV4 = /^\d+(\.\d+){3}$/;

/** Loopback, unspecified, IPv4 inside IPv6, unique local, link-local and multicast. */
const PRIVATE_IPV6 = /^\[(::1?\]|::ffff:|f[cd]|fe[89ab]|ff)/;

const PRIVATE_NAME =
	/(^|\.)(localhost|local|localdomain|internal|intranet|lan|corp|home|home\.arpa|private|test|invalid)$/;

function isPublic(hostname: string): boolean {
	if (hostname.startsWith('[')) return !PRIVATE_IPV6.test(hostname);
	if (IPV4.test(hostname)) return !PRIVATE_IPV4.test(hostname);
	const name = hostname.replace(/\.$/, '');
	return name.includes('.') && !PRIVATE_NAME.test(name);
}

/** Why Cloudflare can't send to a webhook URL, or undefined if it may. */
export function addressFault(url: string): string | undefined {
	if (!URL.canParse(url)) return 'n8n gives no address for the webhook';
	const { protocol, hostname, port, origin } = new URL(url);
	if (protocol !== 'https:') return `the address ${origin} is not https`;
	if (!['', '443', '80'].includes(port)) return `the port of ${origin} is neither 443 nor 80`;
	if (!isPublic(hostname)) return `the address ${origin} is not on the public Internet`;
	return undefined;
}
