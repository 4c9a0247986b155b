import { useAccount } from '../helpers/account';
import { outputsOf, PACKAGE_NAME, runWorkflow, taskOf, typesOfBuild } from '../helpers/engine';
import { credentialsOf } from '../helpers/node';
import { readWorkflow } from '../helpers/shippedWorkflows';

describe('the built package', () => {
	const account = useAccount({ tunnels: 5, seed: 6, ageDays: [91, 89, null, 400, 1] });

	it('is loaded as n8n loads it, with its nodes and credentials', async () => {
		const types = await typesOfBuild();
		expect(types.node(`${PACKAGE_NAME}.cloudflareMagicIpsec`)?.description.displayName).toBe(
			'Cloudflare Magic IPsec',
		);
		expect(types.credential('cloudflareMagicTokenApi')?.displayName).toContain('API Token');
		expect(types.credential('cloudflareMagicKeyApi')?.displayName).toContain('Email and Key');
	});

	it('rotates the old keys with workflows/rotate-old-keys.json', async () => {
		const simulator = account();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		const run = await runWorkflow(readWorkflow('rotate-old-keys.json'), {
			types: await typesOfBuild(),
			credentials: credentialsOf(simulator),
			mode: 'trigger',
		});
		expect(run.data.resultData.error).toBeUndefined();
		const [secret] = outputsOf(run, 'Set Keys');
		const ids = simulator.tunnels().map(({ id }) => id);
		expect(secret!.map(({ json }) => json.ipsec_tunnel_id)).toEqual([ids[0], ids[3]]);
		expect(secret!.map(({ json }) => json.psk)).toEqual([
			simulator.liveKey(ids[0]!),
			simulator.liveKey(ids[3]!),
		]);
		const changed = ids.map((id, index) => simulator.liveKey(id) !== before[index]);
		expect(changed).toEqual([true, false, false, true, false]);
		for (const node of ['Prepare Keys', 'Set Keys']) expect(taskOf(run, node).hints).toEqual([]);
	});
});
