import type { INode, INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import type { TypeSource } from '../helpers/engine';
import { PACKAGE_NAME, typesOfAll, typesOfBuild, typesOfN8n } from '../helpers/engine';
import { UNSAVED } from '../helpers/saving';
import { readWorkflow, WORKFLOW_FILES } from '../helpers/shippedWorkflows';

/** What a user chooses after the import. */
const CHOSEN_LATER = ['Parameter "Workflow" is required.'];

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
	const found = description.properties.flatMap((property: INodeProperties) => {
		const issues = NodeHelpers.getParameterIssues(property, kept!, '', node, description);
		return Object.values(issues.parameters ?? {}).flat();
	});
	return found.filter((issue) => !CHOSEN_LATER.includes(issue));
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

	it('keeps n8n from storing keys, and holds none itself', () => {
		const { settings, nodes } = workflow;
		expect(settings).toMatchObject(UNSAVED);
		for (const { parameters } of nodes) {
			if ('psk' in parameters) expect(parameters.psk).toMatch(/^=\{\{/);
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

describe.each(WORKFLOW_FILES.filter((file) => file !== 'rotate-old-keys.json'))(
	'workflows/%s',
	(file) => {
		const { nodes } = readWorkflow(file);

		it('explains itself, and has one node with all that a user changes', () => {
			expect(nodes.some(({ name, type }) => name === 'About' && /stickyNote$/.test(type))).toBe(
				true,
			);
			expect(nodes.filter(({ name }) => name === 'Settings')).toHaveLength(1);
		});

		it('refuses to run its key operations while n8n would store them', () => {
			const own = nodes.filter(({ type }) => type === `${PACKAGE_NAME}.cloudflareMagicIpsec`);
			for (const { parameters } of own.filter(
				({ parameters: { resource } }) => resource === 'psk',
			)) {
				expect(parameters.options).toMatchObject({ requireUnsaved: true });
			}
		});
	},
);
