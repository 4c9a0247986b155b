import type { IExecuteFunctions, INodeType } from 'n8n-workflow';
import type { TypeSource } from '../helpers/engine';
import { typesOfN8n } from '../helpers/engine';
import { typeNamed } from '../helpers/nodeTypes';

const MS: Readonly<Record<string, number>> = { seconds: 1000, minutes: 60_000 };

/** n8n's Wait, for which time passes at once: `pass` gets the milliseconds. */
export function waitsThat(pass: (ms: number) => void): TypeSource {
	const type = 'n8n-nodes-base.wait';
	const own = typesOfN8n().node(type)!;
	const execute = async (context: IExecuteFunctions) => {
		const unit = context.getNodeParameter('unit', 0) as string;
		pass((context.getNodeParameter('amount', 0) as number) * MS[unit]!);
		return [context.getInputData()];
	};
	return typeNamed(type, Object.assign(Object.create(own) as INodeType, { execute }));
}
