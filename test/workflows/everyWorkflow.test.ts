import type { INode, INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import type { TypeSource } from '../helpers/engine';
import { PACKAGE_NAME, typesOfAll, typesOfBuild, typesOfN8n } from '../helpers/engine';
import { UNSAVED } from '../helpers/saving';
import { credentialTypesOf, readWorkflow, WORKFLOW_FILES } from '../helpers/shippedWorkflows';

/** How many nodes a file may have that has more than a person reads at a glance: five kinds of routers, waves. */
const LONGER: Readonly<Record<string, number>> = {
	'onboard-sites.json': Infinity,
	'fleet-rotation.json': 30,
};

let types: TypeSource;

function descriptionOf({ type, typeVersion }: INode): INodeTypeDescription {
	const found = types.node(type);
	if (found === undefined) throw new Error(`There is no node of type ${type}`);
	const { description } = NodeHelpers.getVersionedNodeType(found, typeVersion);
	expect([description.version].flat()).toContain(typeVersion);
	return description;
}

function faultsOf(node: INode): string[] {
	const description = descriptionOf(node);
	const kept = NodeHelpers.getNodeParameters(
		description.properties,
		node.parameters,
		true,
		false,
		node,
		description,
	);
	// n8n drops what the node does not have, or does not show beside the other parameters.
	expect(kept).toMatchObject(node.parameters);
	// A workflow is chosen after the import, as a credential is: n8n runs nothing before.
	const given = description.properties.filter((property) => property.type !== 'workflowSelector');
	return given.flatMap((property: INodeProperties) => {
		const issues = NodeHelpers.getParameterIssues(property, kept!, '', node, description);
		return Object.values(issues.parameters ?? {}).flat();
	});
}

describe.each(WORKFLOW_FILES)('workflows/%s', (file) => {
	const workflow = readWorkflow(file);

	beforeAll(async () => {
		types = typesOfAll(await typesOfBuild(), typesOfN8n());
	});

	it('can be imported: a name, unique node ids, connections between its own nodes', () => {
		const names = workflow.nodes.map(({ name }) => name);
		expect(workflow.name).not.toBe('');
		expect(new Set(workflow.nodes.map(({ id }) => id)).size).toBe(workflow.nodes.length);
		expect(new Set(names).size).toBe(names.length);
		for (const [source, { main = [] }] of Object.entries(workflow.connections)) {
			expect(names).toContain(source);
			for (const target of main.flat()) expect(names).toContain(target?.node);
		}
	});

	it('holds no key itself', () => {
		for (const { parameters } of workflow.nodes) {
			if ('psk' in parameters) expect(parameters.psk).toMatch(/^=\{\{/);
		}
	});

	it('names no credential, which another n8n could take for one of its own', () => {
		const naming = workflow.nodes.filter((node) => 'credentials' in node);
		expect(naming.map(({ name }) => name)).toEqual([]);
	});

	it('names no sub-workflow, which another n8n has under another id, and says that one has to be chosen', () => {
		const calling = workflow.nodes.filter(({ type }) => type === 'n8n-nodes-base.executeWorkflow');
		const [, tasks] = String(workflow.nodes.find(isNote)!.parameters.content).split(
			'**Before you use it**',
		);
		for (const { name, parameters } of calling) {
			expect(parameters.workflowId).toMatchObject({ value: '' });
			expect(tasks).toContain(`*${name}*`);
		}
	});

	it('is known to the tests by the credentials that its nodes ask for', () => {
		for (const node of workflow.nodes) {
			const { credentials = [], properties } = descriptionOf(node);
			const parameters = NodeHelpers.getNodeParameters(
				properties,
				node.parameters,
				true,
				false,
				node,
				descriptionOf(node),
			)!;
			const asked = credentials.filter(
				(one) =>
					one.required === true &&
					NodeHelpers.displayParameter(parameters, one, node, descriptionOf(node)),
			);
			expect(credentialTypesOf(node)).toEqual(
				expect.arrayContaining(asked.map(({ name }) => name)),
			);
		}
	});

	it.each(workflow.nodes.map((node) => [node.name, node] as const))(
		'has in %s only what n8n knows',
		(_name, node) => {
			expect(faultsOf(node)).toEqual([]);
		},
	);

	it('reads only nodes that are there', () => {
		const text = JSON.stringify(workflow.nodes);
		const names = workflow.nodes.map(({ name }) => name);
		for (const [, name] of text.matchAll(/\$\('([^']+)'\)/g)) expect(names).toContain(name);
	});

	it('names no address but examples and public ones', () => {
		const hosts = [...JSON.stringify(workflow).matchAll(/https?:\/\/([^/:"\s)]+)/g)];
		for (const [, host] of hosts) expect(host).toMatch(/(^|\.)(example\.com|amazonaws\.com)$/);
	});
});

const isNote = ({ type }: INode) => type === 'n8n-nodes-base.stickyNote';
const isOwn = ({ type }: INode) => type === `${PACKAGE_NAME}.cloudflareMagicIpsec`;

describe.each(WORKFLOW_FILES)('workflows/%s', (file) => {
	const { nodes, settings } = readWorkflow(file);
	const own = nodes.filter(isOwn);

	it('says in its first note what to fill in, node by node, and has one node for all settings', () => {
		const { name, parameters } = nodes.find(isNote)!;
		expect(name).toBe('About');
		expect(nodes.filter((node) => node.name === 'Settings')).toHaveLength(1);
		const [, tasks] = String(parameters.content).split('**Before you use it**');
		const asking = nodes.filter((node) => credentialTypesOf(node).length > 0);
		for (const node of [...asking.map((one) => one.name), 'Settings']) {
			expect(tasks).toContain(`*${node}*`);
		}
	});

	const most = LONGER[file] ?? 15;
	it(`has ${most} nodes at most, apart from its notes`, () => {
		expect(nodes.filter((node) => !isNote(node)).length).toBeLessThanOrEqual(most);
	});

	const hasKeysAsItems = own.some(({ parameters }) => parameters.resource === 'psk');
	if (hasKeysAsItems) {
		it('keeps n8n from storing its keys, and refuses to run while n8n would', () => {
			expect(settings).toMatchObject(UNSAVED);
			for (const { parameters } of own.filter((node) => node.parameters.resource === 'psk')) {
				expect(parameters.options).toMatchObject({ requireUnsaved: true });
			}
		});
	}

	const rotations = own.filter(
		({ parameters: { resource, operation } }) => resource === 'rotation' && operation !== 'plan',
	);
	if (rotations.length > 0) {
		it('goes on with the other tunnels if something is wrong with one, and tells of it', () => {
			for (const { onError } of rotations) expect(onError).toBe('continueRegularOutput');
		});

		it('looks for the keys in one place', () => {
			const places = rotations.map(({ parameters }) => {
				const { vault, mount, path } = parameters;
				return { vault, mount, path };
			});
			for (const place of places) expect(place).toEqual(places[0]);
		});
	}
});

it('keeps the scheduled rotation, the picture of the README, at six nodes', () => {
	const { nodes } = readWorkflow('scheduled-rotation.json');
	expect(nodes.filter((node) => !isNote(node)).length).toBeLessThanOrEqual(6);
});
