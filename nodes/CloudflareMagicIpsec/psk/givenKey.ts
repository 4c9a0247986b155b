import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { isAgentsTool } from '../../shared/agents';
import { inputError } from '../../shared/errors';
import { readsSomething, textsTypedInto } from '../../shared/expressions';
import { readFlag } from '../../shared/options';
import { sourceAt, workedOut } from '../../shared/source';
import { keyFault } from '../keys/key';

/**
 * The one way by which a pre-shared key gets from a parameter into an operation. Wherever a key may
 * be given, the same holds: it comes by an expression that reads it from the item or elsewhere, no
 * AI agent gives it, and no text of n8n's or ours ever repeats it.
 */

const LABEL = 'Pre-Shared Key';

export const allowLiteralOption: INodeProperties = {
	displayName: 'Allow Literal Key',
	name: 'allowLiteral',
	type: 'boolean',
	default: false,
	description: `Whether to accept a key that is typed into '${LABEL}': n8n stores it in the workflow in clear text`,
};

const GIVE_BY_EXPRESSION = `Give the key by an expression such as {{ $json.psk }}, from the Secret output of 'Prepare' or from a vault. The option '${allowLiteralOption.displayName}' accepts one that is typed in.`;

/** What an item gives at a parameter that takes a key. */
export type KeyReading =
	/** The parameter is not there. */
	| { kind: 'none' }
	| { kind: 'key'; key: string }
	| {
			kind: 'fault';
			/** What is wrong, to follow the name of the parameter; never holds the key. */
			fault: string;
			remedy: string;
			/** True if the parameter was worked out, and gives nothing at all. */
			isEmpty: boolean;
	  };

/** What a parameter that takes a key asks for beyond what holds of every key. */
export interface KeyRules {
	/** Whether the option 'Allow Literal Key' counts. */
	mayBeLiteral: boolean;
	/** How to give the key. */
	remedy: string;
}

const RULES: KeyRules = { mayBeLiteral: true, remedy: GIVE_BY_EXPRESSION };

/** Characters from which on a key inside of a longer typed text is no chance. */
const LONG = 8;

/** True if the key stands in the workflow itself, where everybody who sees the workflow can read it. */
function isTypedIn(raw: unknown, key: unknown): boolean {
	if (typeof raw !== 'string' || typeof key !== 'string' || key === '') return false;
	if (!readsSomething(raw)) return true;
	return textsTypedInto(raw).some((text) =>
		key.length < LONG ? text === key : text.includes(key),
	);
}

/**
 * What an item gives at a parameter for a key.
 *
 * @param path of the parameter, as `getNodeParameter` takes it: `psk`, `additionalFields.psk`
 * @param rules those of a key that is to be set, unless others are given
 * @throws NodeOperationError if the option 'Allow Literal Key' is needed and can't be used
 */
export function keyReading(
	context: IExecuteFunctions,
	path: string,
	itemIndex: number,
	rules: KeyRules = RULES,
): KeyReading {
	const source = sourceAt(context, path, itemIndex);
	if (source === undefined) return { kind: 'none' };
	const worked = workedOut(source);
	if (worked === 'failed') {
		return {
			kind: 'fault',
			fault: 'holds an expression that failed',
			remedy:
				"Try the expression in the editor. n8n's own words on it are left out, because they may repeat the key.",
			isEmpty: false,
		};
	}
	return checked(context, itemIndex, { raw: source.raw, value: worked.value }, rules);
}

function checked(
	context: IExecuteFunctions,
	itemIndex: number,
	{ raw, value }: { raw: unknown; value: unknown },
	{ mayBeLiteral, remedy: ownRemedy }: KeyRules,
): KeyReading {
	const isEmpty = value === undefined || value === null || value === '';
	const fault = (text: string, remedy: string): KeyReading => ({
		kind: 'fault',
		fault: text,
		remedy,
		isEmpty,
	});
	if (isAgentsTool(context)) {
		return fault(
			"can't be set by an AI agent",
			'What an agent gives goes through the model, and a pre-shared key must not. Set keys in a workflow that reads them from a vault.',
		);
	}
	const isAllowed = () => mayBeLiteral && readFlag(context, allowLiteralOption, itemIndex);
	if (isTypedIn(raw, value) && !isAllowed()) {
		return fault(
			'holds a key that was typed in, which n8n stores in the workflow in clear text',
			ownRemedy,
		);
	}
	const wrong = keyFault(value);
	if (wrong !== undefined) return fault(wrong, ownRemedy);
	return { kind: 'key', key: value as string };
}

/**
 * The key that an item must give.
 *
 * @param path of the parameter, as `getNodeParameter` takes it
 * @throws NodeOperationError if there is none that may be used; its text never holds the value
 */
export function givenKey(context: IExecuteFunctions, path: string, itemIndex: number): string {
	const reading = keyReading(context, path, itemIndex);
	if (reading.kind === 'key') return reading.key;
	const { fault, remedy } =
		reading.kind === 'fault' ? reading : { fault: 'holds no key', remedy: GIVE_BY_EXPRESSION };
	throw inputError(context.getNode(), `The parameter '${LABEL}' ${fault}`, remedy, itemIndex);
}
