import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';

/**
 * One operation, with everything of it: the texts of the panel, its parameters and its run. Beside
 * it lies the schema of its output, in `__schema__/v1.0.0/{resource}/{value}.json`, where n8n's editor looks.
 */
export interface Operation {
	/** Value of the parameter `operation`. */
	value: string;
	/** Its name in the list of operations, in Title Case. */
	name: string;
	/** What it does in the list of actions, in sentence case and without articles. */
	action: string;
	description: string;
	/** It works on its items alone, so that it needs no credential; no other operation has its value. */
	asksNobody?: true;
	/** Its parameters; that they show up for this operation only is added by `propertiesOf`. */
	properties: INodeProperties[];
	/** Runs the operation for all input items; the result has one list for each output. */
	execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]>;
}

/** A resource of the node, with its operations in alphabetical order of their names. */
export interface Resource {
	/** Value of the parameter `resource`. */
	value: string;
	name: string;
	description: string;
	/** Names of its outputs where there are several; one output without a name else. */
	outputs?: readonly string[];
	operations: readonly Operation[];
	/** A parameter of all its operations that ask somebody, by which a credential is chosen. */
	choice?: INodeProperties;
	/** The operation that the panel chooses first. */
	first: Operation;
}
