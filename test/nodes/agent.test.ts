import * as core from 'n8n-core';
import { makeHandleToolInvocation } from 'n8n-core/dist/execution-engine/node-execution-context/utils/get-input-connection-data';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { createEmptyRunExecutionData, NodeConnectionTypes } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { additionalData, PACKAGE_NAME, workflowOf } from '../helpers/engine';
import { actionNode, credentialsOf, sources } from '../helpers/node';

/** The node as an AI agent's tool, on the path by which n8n-core calls one. */
describe('an AI agent', () => {
	const account = useAccount();

	/**
	 * @param type the node's type in the workflow: n8n offers a tool as a type that ends in Tool, and
	 * tells the node by its context too
	 */
	async function answerToAgent(type: string, parameters: INodeParameters): Promise<string> {
		const node = actionNode(parameters, { type: `${PACKAGE_NAME}.${type}` });
		const workflow = workflowOf({ nodes: [node], connections: {} }, sources);
		const data = additionalData({ types: sources, credentials: credentialsOf(account()) });
		const execution = createEmptyRunExecutionData();
		const context = (runIndex: number) =>
			new core.SupplyDataContext(
				workflow,
				node,
				{ ...data, hooks: new core.ExecutionLifecycleHooks('manual', '1', {} as never) } as never,
				'manual',
				execution,
				runIndex,
				[{ json: {} }],
				{},
				NodeConnectionTypes.AiTool,
				{ node, data: {}, source: null },
				[],
			);
		const invoke = makeHandleToolInvocation(context, node, sources.node(node.type)!, execution);
		await workflow.expression.acquireIsolate();
		try {
			return await invoke({});
		} finally {
			await workflow.expression.releaseIsolate();
		}
	}

	const TYPES = ['cloudflareMagicIpsec', 'cloudflareMagicIpsecTool'];

	it.each(TYPES)('may read tunnels (%s)', async (type) => {
		const answer = await answerToAgent(type, {
			resource: 'tunnel',
			operation: 'getAll',
			returnAll: true,
			simplify: true,
		});
		expect((JSON.parse(answer) as IDataObject[]).map(({ id }) => id)).toEqual(
			account()
				.tunnels()
				.map(({ id }) => id),
		);
	});

	it.each(TYPES)('may read health (%s)', async (type) => {
		const answer = await answerToAgent(type, {
			resource: 'tunnel',
			operation: 'getHealth',
			tunnelId: { __rl: true, mode: 'id', value: account().tunnels()[0]!.id },
		});
		expect(JSON.parse(answer)).toMatchObject([{ health: 'healthy' }]);
	});

	it.each(
		['generate', 'prepare', 'set'].flatMap((operation) => TYPES.map((type) => [operation, type])),
	)('may not call %s, and hears why (%s)', async (operation, type) => {
		const answer = answerToAgent(type, {
			resource: 'psk',
			operation,
			tunnelId: { __rl: true, mode: 'id', value: account().tunnels()[0]!.id },
			psk: '={{ "a key of the test" }}',
			keyLength: 43,
			checkWithCloudflare: true,
		});
		await expect(answer).rejects.toThrow(
			/^PSK operations are not for AI agents\s+Details: A tool's answer goes to the model/,
		);
		expect(account().requests).toHaveLength(0);
	});
});
