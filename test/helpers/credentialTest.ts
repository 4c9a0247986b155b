import { get } from 'lodash';
import * as core from 'n8n-core';
import type { ICredentialDataDecryptedObject, ICredentialType, INode } from 'n8n-workflow';
import { createEmptyRunExecutionData } from 'n8n-workflow';
import type { TypeSource } from './engine';
import { additionalData, workflowOf } from './engine';
import { nodeThat } from './nodeTypes';

const NO_OP = 'n8n-nodes-base.noOp';

/**
 * Tests a credential as n8n 2.41 does: the type's test request goes through n8n-core's RoutingNode
 * in a temporary node; then the rules are compared with the answer, in order. The few lines around
 * RoutingNode follow the behaviour of n8n's credentials tester, which is not part of n8n-core.
 *
 * @returns the message that n8n would show
 */
export async function testCredential(
	type: ICredentialType,
	data: ICredentialDataDecryptedObject,
	types: TypeSource,
): Promise<{ status: 'OK' | 'Error'; message: string }> {
	const test = type.test!;
	const node: INode = {
		id: 'temp',
		name: 'Temp-Node',
		type: NO_OP,
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
		credentials: { [type.name]: { id: '1', name: 'test' } },
	};
	const temporary = nodeThat(undefined, {
		credentials: [{ name: type.name, required: true }],
		properties: [
			{
				displayName: 'Temp',
				name: 'temp',
				type: 'string',
				routing: { request: test.request },
				default: '',
			},
		],
	});
	const source: TypeSource = { ...types, node: (name) => (name === NO_OP ? temporary : undefined) };
	const workflow = workflowOf({ nodes: [node], connections: {} }, source);
	const context = new core.ExecuteContext(
		workflow,
		node,
		additionalData({ types, credentials: { [type.name]: data } }) as never,
		'internal',
		createEmptyRunExecutionData(),
		0,
		[],
		{ main: [[{ json: {} }]] },
		{ node, data: {}, source: null },
		[],
	);
	const routing = new core.RoutingNode(context, temporary, {
		id: '1',
		name: 'test',
		type: type.name,
		data,
	});
	await workflow.expression.acquireIsolate();
	let answer: unknown;
	try {
		answer = (await routing.runNode())?.[0]?.[0]?.json;
	} catch (error) {
		const cause = (error as { cause?: { code?: string } }).cause;
		return { status: 'Error', message: cause?.code ?? (error as Error).message };
	} finally {
		await workflow.expression.releaseIsolate();
	}
	for (const rule of test.rules ?? []) {
		if (rule.type !== 'responseSuccessBody') continue;
		const { key, value, message } = rule.properties;
		if (get(answer, key) === value) return { status: 'Error', message };
	}
	return { status: 'OK', message: 'Connection successful!' };
}
