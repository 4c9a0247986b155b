import type { INodeType } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import type { TypeSource } from './engine';

/** A type source that has one node type. */
export function typeNamed(type: string, node: INodeType): TypeSource {
	return { node: (asked) => (asked === type ? node : undefined), credential: () => undefined };
}

/** A node type that runs as given, with the outputs of a simple node. */
export function nodeThat(
	execute: INodeType['execute'],
	description: Partial<INodeType['description']> = {},
): INodeType {
	return {
		description: {
			displayName: 'Stand-in',
			name: 'standIn',
			group: ['transform'],
			version: [1, 1.1, 2, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6],
			description: '',
			defaults: { name: 'Stand-in' },
			inputs: [NodeConnectionTypes.Main],
			outputs: [NodeConnectionTypes.Main],
			properties: [],
			...description,
		},
		execute,
	};
}
