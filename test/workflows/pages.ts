import type { IExecuteFunctions, INodeType } from 'n8n-workflow';
import type { TypeSource } from '../helpers/engine';
import { typesOfN8n } from '../helpers/engine';
import { typeNamed } from '../helpers/nodeTypes';

/** A last page of a form, as a person sees it. */
export interface Page {
	title: string;
	message: string;
}

/** n8n's Form node, which shows its page to the test instead of waiting for a browser. */
export function formsShownTo(pages: Page[]): TypeSource {
	const type = 'n8n-nodes-base.form';
	const own = typesOfN8n().node(type)!;
	const execute = async (context: IExecuteFunctions) => {
		const text = (name: string) => context.getNodeParameter(name, 0) as string;
		pages.push({ title: text('completionTitle'), message: text('completionMessage') });
		return [context.getInputData()];
	};
	return typeNamed(type, Object.assign(Object.create(own) as INodeType, { execute }));
}
