import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { CloudflareClient } from '../../api/client';
import type { IpsecTunnel } from '../../api/types';
import { isAgentsTool } from '../../shared/agents';
import { inputError } from '../../shared/errors';
import { readFlag } from '../../shared/options';
import { simplified, whole } from './answers';

/** In which form Get and Get Many answer a tunnel. */

export const simplifyProperty: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

export const md5KeyOption: INodeProperties = {
	displayName: 'Include BGP MD5 Key',
	name: 'includeMd5Key',
	type: 'boolean',
	default: false,
	displayOptions: { show: { '/simplify': [false] } },
	description:
		'Whether to return the key of the BGP session too, which is left out of every other answer',
};

export type Form = 'simplified' | 'raw' | 'raw, with the BGP key';

/**
 * The form that an item asks for.
 *
 * @throws NodeOperationError if it can't be used, or if an AI agent asks for the BGP key
 */
export function readForm(context: IExecuteFunctions, itemIndex: number): Form {
	if (context.getNodeParameter('simplify', itemIndex) !== false) return 'simplified';
	if (!readFlag(context, md5KeyOption, itemIndex)) return 'raw';
	if (!isAgentsTool(context)) return 'raw, with the BGP key';
	throw inputError(
		context.getNode(),
		`The option '${md5KeyOption.displayName}' is not for AI agents`,
		"A tool's answer goes to the model, and a key must not. Turn the option off.",
		itemIndex,
	);
}

/** A tunnel in a form, as an item's json. */
export function shown(tunnel: IpsecTunnel, client: CloudflareClient, form: Form): IDataObject {
	return form === 'simplified'
		? simplified(tunnel, client.accountId)
		: whole(tunnel, client.accountId, form === 'raw, with the BGP key');
}
