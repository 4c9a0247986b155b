import type { INode, INodeParameters } from 'n8n-workflow';
import type { WorkflowFile } from '../helpers/engine';
import { PACKAGE_NAME } from '../helpers/engine';
import type { KeptVault } from '../helpers/keptVault';
import { rotationCredentials, rotationParameters } from '../helpers/keptVault';

/** The name of the node that every flow here ends with. */
export const LAST = 'Last';

const ours = (name: string, parameters: INodeParameters, credentials: INode['credentials']) => ({
	id: name,
	name,
	type: `${PACKAGE_NAME}.cloudflareMagicIpsec`,
	typeVersion: 1,
	position: [0, 0] as [number, number],
	credentials,
	parameters,
});

/** An operation of Key Rotation on all tunnels of the account: one node. */
export function rotationWorkflow(
	vault: KeptVault,
	operation: string,
	changes: INodeParameters = {},
): WorkflowFile {
	const parameters = rotationParameters(operation, vault, changes);
	return { nodes: [ours(LAST, parameters, rotationCredentials(vault))], connections: {} };
}

/**
 * The item way, as short as it can be. `prepare`: the vault gets each key before Set sends it.
 * `generate`, for comparison: Cloudflare makes the keys, and the vault gets them afterwards.
 *
 * @param secretsUrl where the vault's engine keeps the secrets of tunnels
 */
export function itemWorkflow(kind: 'prepare' | 'generate', secretsUrl: string): WorkflowFile {
	const psk = (name: string, operation: string, more: INodeParameters = {}) =>
		ours(
			name,
			{
				authentication: 'apiToken',
				resource: 'psk',
				operation,
				tunnelId: { __rl: true, mode: 'id', value: '={{ $json.ipsec_tunnel_id ?? $json.id }}' },
				options: {},
				...more,
			},
			{ cloudflareMagicTokenApi: { id: '1', name: 'account' } },
		);
	const store = (name: string, data: string): INode => ({
		id: name,
		name,
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		position: [0, 0],
		credentials: { httpHeaderAuth: { id: '2', name: 'vault' } },
		parameters: {
			method: 'POST',
			url: `=${secretsUrl}/{{ $json.ipsec_tunnel_id }}`,
			authentication: 'genericCredentialType',
			genericAuthType: 'httpHeaderAuth',
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `={{ { data: ${data} } }}`,
			options: {},
		},
	});
	const list = ours(
		'List',
		{ authentication: 'apiToken', resource: 'tunnel', operation: 'getAll', returnAll: true },
		{ cloudflareMagicTokenApi: { id: '1', name: 'account' } },
	);
	const prepared = "$('Prepare').itemMatching($itemIndex).json";
	const nodes =
		kind === 'generate'
			? [list, psk('Generate', 'generate'), store(LAST, '{ current: $json.psk }')]
			: [
					list,
					psk('Prepare', 'prepare', { keyLength: 43, checkWithCloudflare: true }),
					store('Store', '{ pending: $json.psk }'),
					psk('Set', 'set', {
						tunnelId: { __rl: true, mode: 'id', value: `={{ ${prepared}.ipsec_tunnel_id }}` },
						psk: `={{ ${prepared}.psk }}`,
					}),
					store(LAST, '{ current: $json.psk }'),
				];
	const names = nodes.map(({ name }) => name);
	return {
		nodes,
		connections: Object.fromEntries(
			names
				.slice(0, -1)
				.map((name, index) => [
					name,
					{ main: [[{ node: names[index + 1]!, type: 'main' as const, index: 0 }]] },
				]),
		),
		settings: {
			saveDataErrorExecution: 'none',
			saveDataSuccessExecution: 'none',
			saveManualExecutions: false,
			saveExecutionProgress: false,
		},
	};
}
