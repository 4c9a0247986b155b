import { outputsOf, runWorkflow, typesOfN8n } from '../helpers/engine';
import { readWorkflow } from '../helpers/shippedWorkflows';

/** What a router's configuration is made from, as the node `Site` of the workflow gives it. */
export interface Site {
	/** Name of the tunnel, which the configuration is named after. */
	site: string;
	/** The router's IKE identity: the tunnel's `remote_identities.fqdn_id`. */
	identity: string;
	cloudflare_endpoint: string;
	/** Empty if the site has no fixed address. */
	customer_endpoint: string;
	/** Addresses inside the tunnel, without a prefix length. */
	cloudflare_inside: string;
	router_inside: string;
	prefix_length: number;
	netmask: string;
	wan_interface: string;
	tunnel_interface: string;
	/** Where the vault holds its key, and the command that fetches it. */
	vault_path: string;
	fetch: string;
}

/** A site for tests. */
export const SITE: Site = {
	site: 'branch-office-17',
	identity: '0123456789abcdef0123456789abcdef.12345678.ipsec.cloudflare.com',
	cloudflare_endpoint: '162.159.64.41',
	customer_endpoint: '203.0.113.17',
	cloudflare_inside: '10.213.0.10',
	router_inside: '10.213.0.11',
	prefix_length: 31,
	netmask: '255.255.255.254',
	wan_interface: 'wan7',
	tunnel_interface: 'tunnel.7',
	vault_path: 'magic-ipsec/0123456789abcdef0123456789abcdef',
	fetch:
		'vault kv get -address=https://vault.example.com:8200 -mount=secret -field=current magic-ipsec/0123456789abcdef0123456789abcdef',
};

/** Names of the nodes in workflows/onboard-sites.json that write a router's configuration. */
export const ROUTERS = ['strongSwan', 'Cisco IOS XE', 'FortiGate', 'Palo Alto', 'VyOS'] as const;

/**
 * The configuration that workflows/onboard-sites.json writes for a site, by running the very node
 * of the shipped workflow on n8n's engine.
 */
export async function routerConfiguration(
	router: (typeof ROUTERS)[number],
	site: Site,
): Promise<{ fileName: string; text: string }> {
	const template = readWorkflow('onboard-sites.json').nodes.find(({ name }) => name === router)!;
	const run = await runWorkflow(
		{ nodes: [template], connections: {} },
		{ types: typesOfN8n(), credentials: {}, input: [{ json: { ...site } }], mode: 'trigger' },
	);
	const { file_name, text } = outputsOf(run, router)[0]![0]!.json;
	return { fileName: file_name as string, text: text as string };
}
