import * as core from 'n8n-core';
import { makeHandleToolInvocation } from 'n8n-core/dist/execution-engine/node-execution-context/utils/get-input-connection-data';
import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import { createEmptyRunExecutionData, NodeConnectionTypes } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import type { Credentials } from '../helpers/account';
import { additionalData, PACKAGE_NAME, workflowOf } from '../helpers/engine';
import { rotationCredentials, rotationParameters, VAULT_NAMES } from '../helpers/keptVault';
import { actionNode, credentialsOf, sources } from '../helpers/node';
import { RotationWorld } from '../helpers/rotation';
import { leaksIn } from '../helpers/scanner';

/** The node as an AI agent's tool, on the path by which n8n-core calls one. */
describe('an AI agent', () => {
	const account = useAccount();

	/**
	 * What the model gets, and what n8n keeps of the execution.
	 *
	 * @param type the node's type in the workflow: n8n offers a tool as a type that ends in Tool, and
	 * tells the node by its context too
	 */
	async function toolRun(
		type: string,
		parameters: INodeParameters,
		credentials: Credentials,
		changes: Partial<INode> = {},
	): Promise<{ answer: string; kept: unknown }> {
		const node = actionNode(parameters, { type: `${PACKAGE_NAME}.${type}`, ...changes });
		const workflow = workflowOf({ nodes: [node], connections: {} }, sources);
		const data = additionalData({ types: sources, credentials });
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
			return { answer: await invoke({}), kept: execution };
		} finally {
			await workflow.expression.releaseIsolate();
		}
	}

	async function answerToAgent(type: string, parameters: INodeParameters): Promise<string> {
		return (await toolRun(type, parameters, credentialsOf(account()))).answer;
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

	it.each(VAULT_NAMES.flatMap((vault) => TYPES.map((type) => [vault, type] as const)))(
		'may rotate keys into a vault (%s): neither its model nor the execution gets one (%s)',
		async (vault, type) => {
			const world = await RotationWorld.start({ tunnels: 2, seed: 1 }, vault);
			try {
				const { simulator, kept } = world;
				const credentials = {
					...credentialsOf(simulator),
					[kept.credentialType]: kept.credential(),
				};
				for (const [operation, more, expected] of [
					['rotate', {}, 'rotated'],
					['rotate', { finish: 'later' }, 'live'],
					['finish', {}, 'rotated'],
					['rollBack', {}, 'rolled_back'],
					['getStatus', {}, 'steady'],
				] as const) {
					const ran = await toolRun(type, rotationParameters(operation, kept, more), credentials, {
						credentials: rotationCredentials(kept),
					});
					const items = JSON.parse(ran.answer) as IDataObject[];
					expect(items.map(({ status, state }) => status ?? state)).toEqual([expected, expected]);
					expect(leaksIn(ran, world.secrets())).toEqual([]);
				}
			} finally {
				await world.close();
			}
		},
	);
});
