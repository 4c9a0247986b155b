import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';

/** What a file of an operation exports: its parameters and its run, side by side. */
export interface Operation {
	description: INodeProperties[];
	/** Runs the operation for all input items; the result has one list for each output. */
	execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]>;
}
