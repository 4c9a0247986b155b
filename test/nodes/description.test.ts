import type { INodeParameters, INodeProperties } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { CloudflareMagicIpsec } from '../../nodes/CloudflareMagicIpsec/CloudflareMagicIpsec.node';
import { resources } from '../../nodes/CloudflareMagicIpsec/resources';
import { workflowOf } from '../helpers/engine';
import { actionNode, NODE, sources } from '../helpers/node';

const { description } = new CloudflareMagicIpsec();

/** What the operations of Key Rotation ask for to find tunnels and their places in a vault. */
const PLACE = ['vault', 'scope', 'tunnelId', 'mount', 'path'];

const VAULT_OPTIONS = ['options.timeout', 'options.vaultConcurrency'];

/** Parameters that show up for each operation, options of collections after a dot. */
const PANEL: Record<string, Record<string, string[]>> = {
	tunnel: {
		create: [
			'name',
			'cloudflareEndpoint',
			'interfaceAddress',
			'additionalFields',
			'options',
			'options.accountId',
			'options.allowLiteral',
			'options.timeout',
			'options.validateOnly',
		],
		delete: ['tunnelId', 'options', 'options.accountId', 'options.timeout', 'options.validateOnly'],
		get: [
			'tunnelId',
			'simplify',
			'options',
			'options.accountId',
			'options.includeMd5Key',
			'options.timeout',
		],
		getHealth: [
			'tunnelId',
			'windowMinutes',
			'since',
			'onlyActive',
			'options',
			'options.accountId',
			'options.timeout',
		],
		getAll: [
			'returnAll',
			'limit',
			'simplify',
			'filters',
			'options',
			'options.accountId',
			'options.includeMd5Key',
			'options.timeout',
		],
		update: [
			'tunnelId',
			'mode',
			'updateFields',
			'options',
			'options.accountId',
			'options.allowLiteral',
			'options.timeout',
			'options.validateOnly',
		],
		updateMany: [
			'bulkNotice',
			'tunnelId',
			'updateFields',
			'options',
			'options.accountId',
			'options.allowLiteral',
			'options.timeout',
			'options.validateOnly',
		],
	},
	psk: {
		generate: [
			'generateNotice',
			'tunnelId',
			'options',
			'options.accountId',
			'options.concurrency',
			'options.requireUnsaved',
			'options.stopAfterUnknown',
			'options.timeout',
			'options.validateOnly',
		],
		prepare: [
			'tunnelId',
			'keyLength',
			'checkWithCloudflare',
			'options',
			'options.accountId',
			'options.batchSize',
			'options.olderThanDays',
			'options.pendingKey',
			'options.requireUnsaved',
			'options.timeout',
		],
		set: [
			'tunnelId',
			'psk',
			'options',
			'options.accountId',
			'options.allowLiteral',
			'options.batchSize',
			'options.requireUnsaved',
			'options.stored',
			'options.timeout',
			'options.validateOnly',
		],
	},
	rotation: {
		finish: [...PLACE, 'options', 'options.accountId', 'options.batchSize', ...VAULT_OPTIONS],
		getStatus: [...PLACE, 'options', 'options.accountId', ...VAULT_OPTIONS],
		plan: ['canary', 'waveSize', 'sitePattern', 'olderThanDays'],
		rollBack: [...PLACE, 'options', 'options.accountId', 'options.batchSize', ...VAULT_OPTIONS],
		rotate: [
			...PLACE,
			'olderThanDays',
			'finish',
			'options',
			'options.accountId',
			'options.batchSize',
			'options.leaseMinutes',
			...VAULT_OPTIONS,
		],
	},
};

function shown(parameters: INodeParameters): INodeProperties[] {
	return description.properties.filter((property) =>
		NodeHelpers.displayParameter(parameters, property, actionNode(parameters), description),
	);
}

/** Every entry but the one that tells of a collection that is one expression, see collections.test.ts. */
function offeredIn({ options }: INodeProperties): INodeProperties[] {
	return (options as INodeProperties[]).filter(({ name }) => name !== 'length');
}

const operations = Object.entries(PANEL).flatMap(([resource, names]) =>
	Object.keys(names).map((operation) => [resource, operation] as const),
);

describe.each(operations)('the panel of %s: %s', (resource, operation) => {
	const parameters = {
		authentication: 'apiToken',
		resource,
		operation,
		returnAll: false,
		scope: 'item',
		vault: 'kv2',
	};

	it('shows each parameter that works there, and no other', () => {
		const names = shown(parameters).flatMap((property) => [
			property.name,
			...(property.name === 'options'
				? offeredIn(property).map((option) => `options.${option.name}`)
				: []),
		]);
		expect(names).toEqual([
			...(operation === 'plan' ? [] : ['authentication']),
			'resource',
			'operation',
			...PANEL[resource]![operation]!,
		]);
	});

	it('has an output for tunnels, and Secret and Notification for PSKs', () => {
		const workflow = workflowOf({ nodes: [actionNode(parameters)], connections: {} }, sources);
		const outputs = NodeHelpers.getNodeOutputs(workflow, workflow.getNode(NODE)!, description);
		expect(
			outputs.map((output) => (typeof output === 'string' ? output : output.displayName)),
		).toEqual(resource === 'psk' ? ['Secret', 'Notification'] : [undefined]);
	});
});

describe('the list of all operations', () => {
	it('is what the panel offers', () => {
		const offered = resources.map(({ value, operations: of }) => [
			value,
			of.map((operation) => operation.value),
		]);
		expect(Object.fromEntries(offered)).toEqual(
			Object.fromEntries(
				Object.entries(PANEL).map(([resource, names]) => [resource, Object.keys(names)]),
			),
		);
	});

	it('is in alphabetical order, and begins with an operation of its own', () => {
		const sorted = (names: string[]) => expect(names).toEqual([...names].sort());
		sorted(resources.map(({ name }) => name));
		for (const { operations: of, first } of resources) {
			sorted(of.map(({ name }) => name));
			expect(of).toContain(first);
		}
	});
});

describe('the description', () => {
	it('hides Limit when all are returned', () => {
		const names = shown({ resource: 'tunnel', operation: 'getAll', returnAll: true }).map(
			({ name }) => name,
		);
		expect(names).not.toContain('limit');
	});

	it('asks for the credential of the chosen authentication only', () => {
		const asked = (authentication: string) =>
			description
				.credentials!.filter((credential) =>
					NodeHelpers.displayParameter(
						{ authentication },
						credential,
						actionNode({ authentication }),
						description,
					),
				)
				.map(({ name }) => name);
		expect(asked('apiToken')).toEqual(['cloudflareMagicTokenApi']);
		expect(asked('apiKey')).toEqual(['cloudflareMagicKeyApi']);
	});

	it.each(operations)('asks for the credentials that %s: %s needs', (resource, operation) => {
		const parameters = { authentication: 'apiToken', resource, operation, vault: 'kv2' };
		const asked = description
			.credentials!.filter((credential) =>
				NodeHelpers.displayParameter(parameters, credential, actionNode(parameters), description),
			)
			.map(({ name }) => name);
		const vault = resource === 'rotation' ? ['cloudflareMagicVaultApi'] : [];
		expect(asked).toEqual(operation === 'plan' ? [] : ['cloudflareMagicTokenApi', ...vault]);
	});

	it("lets n8n's editor show Resource and Operation, which it hides where a choice of credentials is shown by them", () => {
		const choices = new Set(
			description.credentials!.flatMap(({ displayOptions }) =>
				Object.keys(displayOptions?.show ?? {}),
			),
		);
		expect([...choices].sort()).toEqual(['authentication', 'resource', 'vault']);
		const properties = description.properties.filter(({ name }) => choices.has(name));
		expect(properties).toHaveLength(3);
		for (const { displayOptions } of properties) expect(displayOptions?.show).toBeUndefined();
	});

	it('takes the key of Set from the item, masked', () => {
		const psk = description.properties.find(({ name }) => name === 'psk');
		expect(psk).toMatchObject({ default: '={{ $json.psk }}', typeOptions: { password: true } });
		expect(description.sensitiveOutputFields).toEqual(['psk']);
	});

	it('offers the tunnel From List, By ID and By Name', () => {
		for (const locator of description.properties.filter(({ name }) => name === 'tunnelId')) {
			expect(locator.modes!.map(({ name }) => name)).toEqual(['list', 'id', 'name']);
		}
	});

	it('masks everything that is a key', () => {
		const all = description.properties.flatMap((property) => [
			property,
			...((property.options ?? []) as INodeProperties[]).filter((option) => 'type' in option),
		]);
		const keys = all.filter(({ name }) => ['psk', 'bgpMd5Key'].includes(name));
		expect(keys.length).toBeGreaterThan(4);
		expect(keys.every(({ typeOptions }) => typeOptions?.password === true)).toBe(true);
	});

	it('sorts the options of every collection', () => {
		for (const collection of description.properties.filter(({ type }) => type === 'collection')) {
			const names = offeredIn(collection).map(({ displayName }) => displayName);
			expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b)));
		}
	});
});
