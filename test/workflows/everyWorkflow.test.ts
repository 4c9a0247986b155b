import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { useAccount } from '../helpers/account';
import type { WorkflowFile } from '../helpers/engine';
import { outputsOf, PACKAGE_NAME, runWorkflow, taskOf, typesOfPackage } from '../helpers/engine';
import { credentialsOf } from '../helpers/node';

const ROOT = path.join(__dirname, '..', '..');
const FOLDER = path.join(ROOT, 'workflows');
const FILES = readdirSync(FOLDER);

const load = (file: string) =>
	JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as WorkflowFile & { name: string };

describe.each(FILES)('workflows/%s', (file) => {
	it('can be imported: a name, unique node ids, connections between its own nodes', () => {
		const workflow = load(file);
		const names = workflow.nodes.map(({ name }) => name);
		expect(workflow.name).not.toBe('');
		expect(new Set(workflow.nodes.map(({ id }) => id)).size).toBe(workflow.nodes.length);
		expect(new Set(names).size).toBe(names.length);
		for (const [source, { main = [] }] of Object.entries(workflow.connections)) {
			expect(names).toContain(source);
			for (const target of main.flat()) expect(names).toContain(target?.node);
		}
	});

	it('keeps n8n from storing keys, and holds none itself', () => {
		const { settings, nodes } = load(file);
		expect(settings).toMatchObject({
			saveDataSuccessExecution: 'none',
			saveDataErrorExecution: 'none',
			saveManualExecutions: false,
			saveExecutionProgress: false,
		});
		for (const { parameters } of nodes) {
			if ('psk' in parameters) expect(parameters.psk).toMatch(/^=\{\{/);
		}
	});
});

describe('the built package', () => {
	const account = useAccount({ tunnels: 5, seed: 6, ageDays: [91, 89, null, 400, 1] });

	it('is loaded as n8n loads it, with its nodes and credentials', async () => {
		const types = await typesOfPackage(ROOT);
		expect(types.node(`${PACKAGE_NAME}.cloudflareMagicIpsec`)?.description.displayName).toBe(
			'Cloudflare Magic IPsec',
		);
		expect(types.credential('cloudflareMagicTokenApi')?.displayName).toContain('API Token');
		expect(types.credential('cloudflareMagicKeyApi')?.displayName).toContain('Email and Key');
	});

	it('rotates the old keys with workflows/rotate-old-keys.json', async () => {
		const simulator = account();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		const run = await runWorkflow(load('rotate-old-keys.json'), {
			types: await typesOfPackage(ROOT),
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
