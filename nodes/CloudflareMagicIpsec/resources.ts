import type { IDisplayOptions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import type { Resource } from '../shared/operation';
import { shownFor } from '../shared/options';
import { psk } from './psk';
import { rotation } from './rotation';
import { tunnel } from './tunnel';

/** All that the node can do, and the only list of it; in alphabetical order of the names. */
export const resources: readonly Resource[] = [rotation, psk, tunnel];

/** The resource that the panel chooses first. */
const { value: FIRST } = tunnel;

/** The parameter `resource`. */
function resourceProperty(): INodeProperties {
	return {
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		options: resources.map(
			({ name, value, description }): INodePropertyOptions => ({ name, value, description }),
		),
		default: FIRST,
	};
}

/** The parameter `operation` of a resource. */
function operationProperty({
	value: resource,
	operations,
	first: { value: first },
}: Resource): INodeProperties {
	return {
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: [resource] } },
		options: operations.map(
			({ name, value, description, action }): INodePropertyOptions => ({
				name,
				value,
				description,
				action,
			}),
		),
		default: first,
	};
}

/** The operations that need no credential. */
const ASK_NOBODY = resources
	.flatMap(({ operations }) => operations)
	.filter(({ asksNobody }) => asksNobody === true)
	.map(({ value }) => value);

/** Where a credential, or the choice of one, is shown: not for an operation that needs none. */
export function shownWhereAsked<T extends { displayOptions?: IDisplayOptions }>(shown: T): T {
	const hide = { operation: ASK_NOBODY };
	return { ...shown, displayOptions: { ...shown.displayOptions, hide } };
}

/**
 * The parameter by which a resource's credential is chosen. It says where it is hidden, not where it is
 * shown: n8n's editor shows no parameter that a choice of credentials is shown by, and that would be
 * `resource` and `operation`.
 */
function choiceProperty({ value, choice }: Resource): INodeProperties[] {
	const others = resources.filter((other) => other.value !== value);
	const hide = { resource: others.map((other) => other.value), operation: ASK_NOBODY };
	return choice === undefined ? [] : [{ ...choice, displayOptions: { hide } }];
}

/** The parameters of the node: the choice of an operation, and what each operation asks for. */
export function operationProperties(): INodeProperties[] {
	return [
		resourceProperty(),
		...resources.map(operationProperty),
		...resources.flatMap(choiceProperty),
		...resources.flatMap(({ value: resource, operations }) =>
			operations.flatMap(({ value, properties }) => shownFor(resource, value, properties)),
		),
	];
}

function outputList(names: ReadonlyArray<string | undefined>): string {
	return JSON.stringify(
		names.map((displayName) => ({ type: NodeConnectionTypes.Main, displayName })),
	);
}

/** The expression by which n8n knows the outputs: those of the resource that is chosen. */
export function outputsExpression(): `={{${string}}}` {
	const choices = resources
		.filter(({ outputs }) => outputs !== undefined)
		.map(
			({ value, outputs = [] }) =>
				`$parameter["resource"] === ${JSON.stringify(value)} ? ${outputList(outputs)} : `,
		);
	return `={{ ${choices.join('')}${outputList([undefined])} }}`;
}
