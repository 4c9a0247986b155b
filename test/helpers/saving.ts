import type { IWorkflowSettings } from 'n8n-workflow';

/** Settings of a workflow with which n8n stores nothing of its runs, as the shipped ones have them. */
export const UNSAVED: IWorkflowSettings = {
	saveDataSuccessExecution: 'none',
	saveDataErrorExecution: 'none',
	saveManualExecutions: false,
	saveExecutionProgress: false,
};

/** Settings of a workflow with which n8n stores every run, items included. */
export const SAVED: IWorkflowSettings = {
	saveDataSuccessExecution: 'all',
	saveDataErrorExecution: 'all',
};
