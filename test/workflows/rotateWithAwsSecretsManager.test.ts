import { createRequire } from 'node:module';
import * as path from 'node:path';
import type { ICredentialType } from 'n8n-workflow';
import type { TypeSource } from '../helpers/engine';
import { N8N_NODES } from '../helpers/engine';
import { leaksIn } from '../helpers/scanner';
import type { SecretsManager } from '../stubs/secretsManager';
import { startSecretsManager } from '../stubs/secretsManager';
import type { Example } from './run';
import { errorOf, itemsOf, runExample } from './run';
import { useServices } from './services';

const CREDENTIAL = path.join(N8N_NODES, 'dist', 'credentials', 'Aws.credentials.js');

/** n8n's own AWS credential, which signs the requests. */
function awsCredential(): TypeSource {
	const { Aws } = createRequire(__filename)(CREDENTIAL) as { Aws: new () => ICredentialType };
	const aws = new Aws();
	return { node: () => undefined, credential: (name) => (name === 'aws' ? aws : undefined) };
}

describe('workflows/rotate-with-aws-secrets-manager.json', () => {
	const services = useServices([120, 3, 400, null]);
	let manager: SecretsManager;
	beforeEach(async () => {
		manager = await startSecretsManager();
	});
	afterEach(async () => {
		await manager.close();
	});

	const rotation = (max_age_days = 90): Example => ({
		file: 'rotate-with-aws-secrets-manager.json',
		settings: { secrets_manager_url: manager.url, max_age_days },
		credentials: {
			...services().credentials,
			aws: { ...manager.keys, temporaryCredentials: false, customEndpoints: false },
		},
		types: [awsCredential()],
	});
	const keyOf = (id: string, stage: string): unknown => {
		const version = manager.versionOf(`magic-ipsec/${id}`, stage);
		return version && (JSON.parse(version.SecretString) as { psk: unknown }).psk;
	};

	it('makes what is due AWSCURRENT, and tells it without a key', async () => {
		const { simulator } = services();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		const run = await runExample(rotation());
		expect(errorOf(run)).toBeUndefined();
		const tunnels = simulator.tunnels();
		const rotated = tunnels.filter(({ id }, index) => simulator.liveKey(id) !== before[index]);
		expect(rotated.map(({ id }) => tunnels.findIndex((one) => one.id === id))).toEqual([0, 2, 3]);
		for (const { id } of rotated) {
			expect(keyOf(id, 'AWSCURRENT')).toBe(simulator.liveKey(id));
			expect(keyOf(id, 'AWSPREVIOUS')).toBe('');
		}
		expect(manager.secrets).toEqual(rotated.map(({ id }) => `magic-ipsec/${id}`));
		const report = itemsOf(run, run.data.resultData.lastNodeExecuted!);
		expect(report).toEqual(
			rotated.map(({ id, name }) => ({
				status: 'applied',
				ipsec_tunnel_id: id,
				tunnel_name: name,
				verified: true,
				message: `The new PSK of tunnel '${name}' is live at Cloudflare, and Cloudflare's tunnel list confirms it.`,
			})),
		);
		expect(services().leaksIn(report)).toEqual([]);
		expect(leaksIn(report, [manager.keys.secretAccessKey])).toEqual([]);
	});

	it('moves the label from one key to the next', async () => {
		const { simulator } = services();
		const [{ id } = { id: '' }] = simulator.tunnels();
		await runExample(rotation());
		const first = simulator.liveKey(id);
		await runExample(rotation(0));
		expect(simulator.liveKey(id)).not.toBe(first);
		expect(keyOf(id, 'AWSCURRENT')).toBe(simulator.liveKey(id));
		expect(keyOf(id, 'AWSPREVIOUS')).toBe(first);
		expect(manager.actions.filter((action) => action === 'CreateSecret')).toHaveLength(4);
	});

	it('finishes what was left over, with the same key', async () => {
		const { simulator } = services();
		manager.refuseAction('UpdateSecretVersionStage', 'InternalServiceError', 3);
		const run = await runExample(rotation());
		const report = itemsOf(run, run.data.resultData.lastNodeExecuted!);
		expect(report.map(({ status }) => status).sort()).toEqual([
			...['applied', 'applied', 'applied'],
			...['not promoted', 'not promoted', 'not promoted'],
		]);
		const due = [0, 2, 3].map((index) => simulator.tunnels()[index]!.id);
		const keys = due.map((id) => simulator.liveKey(id));
		expect(due.map((id) => keyOf(id, 'AWSPENDING'))).toEqual(keys);
		expect(due.map((id) => keyOf(id, 'AWSCURRENT'))).toEqual(['', '', '']);

		await runExample(rotation());
		expect(due.map((id) => simulator.liveKey(id))).toEqual(keys);
		expect(due.map((id) => keyOf(id, 'AWSCURRENT'))).toEqual(keys);
	});

	it.each(['PutSecretValue', 'CreateSecret'])('sets no key that %s refused', async (action) => {
		const { simulator } = services();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		manager.refuseAction(action, 'LimitExceededException');
		const run = await runExample(rotation());
		expect(errorOf(run)).toBeUndefined();
		const report = itemsOf(run, run.data.resultData.lastNodeExecuted!);
		const refused = report.filter(({ status }) => status === 'not stored');
		expect(refused).toHaveLength(1);
		const { ipsec_tunnel_id: id, tunnel_name } = refused[0]!;
		const index = simulator.tunnels().findIndex((tunnel) => tunnel.id === id);
		expect(simulator.liveKey(id as string)).toBe(before[index]);
		expect(refused[0]!.message).toMatch(
			new RegExp(
				`^AWS Secrets Manager refused a new PSK for tunnel '${String(tunnel_name)}' \\(HTTP 400 [A-Za-z]+\\), so it was not set: the old one is still live\\.$`,
			),
		);
		expect(report.filter(({ status }) => status === 'applied')).toHaveLength(2);
	});

	it('leaves a tunnel alone whose left-over key can not be read', async () => {
		const { simulator } = services();
		manager.refuseAction('UpdateSecretVersionStage', 'InternalServiceError', 3);
		await runExample(rotation());
		const keys = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		manager.refuseAction('GetSecretValue', 'DecryptionFailure', 3);
		const run = await runExample(rotation());
		const report = itemsOf(run, run.data.resultData.lastNodeExecuted!);
		expect(report.map(({ status }) => status)).toEqual(['not read', 'not read', 'not read']);
		expect(simulator.tunnels().map(({ id }) => simulator.liveKey(id))).toEqual(keys);
	});

	it('changes nothing while AWS takes the signature for wrong', async () => {
		const { simulator } = services();
		const example = rotation();
		example.credentials.aws!.secretAccessKey = 'another secret access key';
		expect(errorOf(await runExample(example))).toMatch(
			/^AWS Secrets Manager answered HTTP 400 InvalidSignatureException for tunnel /,
		);
		expect(simulator.requests.map(({ method }) => method)).toEqual(['GET']);
	});

	it('changes nothing while a secret can not be read', async () => {
		const { simulator } = services();
		manager.refuseAction('DescribeSecret', 'AccessDeniedException', 1, 2);
		const run = await runExample(rotation());
		expect(errorOf(run)).toBe(
			`AWS Secrets Manager answered HTTP 400 AccessDeniedException for tunnel ${simulator.tunnels()[2]!.name}. No key was changed. Check the address and the region in the node Settings, and the permissions of the AWS credential.`,
		);
		expect(simulator.requests.map(({ method }) => method)).toEqual(['GET']);
	});
});
