import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import { readFlag } from '../../shared/options';
import { keyFault } from './key';

export const allowLiteralOption: INodeProperties = {
	displayName: 'Allow Literal Key',
	name: 'allowLiteral',
	type: 'boolean',
	default: false,
	description:
		"Whether to accept a key that is typed into 'Pre-Shared Key': n8n stores it in the workflow in clear text",
};

export function readGivenKey(context: IExecuteFunctions, itemIndex: number): string {
	const psk = context.getNodeParameter('psk', itemIndex, '') as unknown;
	const typed = context.getNode().parameters.psk;
	const literal = typeof typed === 'string' && typed !== '' && !typed.startsWith('=');
	const fault =
		literal && !readFlag(context, allowLiteralOption, itemIndex)
			? 'holds a key that was typed in, which n8n stores in the workflow in clear text'
			: keyFault(psk);
	if (fault === undefined) return psk as string;
	throw inputError(
		context.getNode(),
		`The parameter 'Pre-Shared Key' ${fault}`,
		"Give the key by an expression such as {{ $json.psk }}, from the Secret output of 'Prepare' or from a vault. The option 'Allow Literal Key' accepts one that is typed in.",
		itemIndex,
	);
}
