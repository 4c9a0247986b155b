import type { IWorkflowSettings, WorkflowExecuteMode } from 'n8n-workflow';
import { ExecuteContext } from 'n8n-core';
import { useAccount } from '../helpers/account';
import { psk } from '../helpers/psk';
import { UNSAVED } from '../helpers/saving';

/** Whether n8n may store the keys, and what the psk operations say of it. */

describe('Require Unsaved Executions', () => {
	const account = useAccount();

	it.each(['generate', 'prepare', 'set'])(
		'%s runs only where n8n stores nothing',
		async (operation) => {
			const simulator = account();
			const options = { requireUnsaved: true };
			const { error } = await psk(simulator, operation, { options, mode: 'trigger' });
			expect(error?.description).toContain(
				"'Save failed production executions' and 'Save execution progress'",
			);
			expect(simulator.requests).toHaveLength(0);
			for (const saveExecutionProgress of [undefined, 'DEFAULT', true] as const) {
				const settings = { ...UNSAVED, saveExecutionProgress };
				const run = await psk(simulator, operation, { options, mode: 'trigger', settings });
				expect(run.error?.description).toContain("'Save execution progress'");
			}
			expect(simulator.requests).toHaveLength(0);
			const settings = UNSAVED;
			const { jsons } = await psk(simulator, operation, { options, mode: 'trigger', settings });
			expect(jsons[0]).toHaveLength(3);
		},
	);
});

describe('hints about what n8n stores', () => {
	const account = useAccount();

	const hint = async (settings: IWorkflowSettings, mode: WorkflowExecuteMode) => {
		const { hints } = await psk(account(), 'set', { settings, mode });
		return JSON.stringify(hints);
	};

	it('names the settings that store the keys', async () => {
		expect(await hint({}, 'trigger')).toContain(
			"'Save successful production executions' and 'Save failed production executions'",
		);
		expect(await hint({ saveDataSuccessExecution: 'none' }, 'trigger')).not.toContain('successful');
		expect(
			await hint({ saveDataSuccessExecution: 'none', saveDataErrorExecution: 'none' }, 'trigger'),
		).toContain("'Save execution progress'");
		expect(await hint(UNSAVED, 'trigger')).toBe('[]');
		expect(await hint({ ...UNSAVED, saveExecutionProgress: true }, 'trigger')).toContain(
			"'Save execution progress'",
		);
		expect(await hint({}, 'manual')).toContain("'Save manual executions'");
		expect(
			await hint({ saveManualExecutions: false, saveExecutionProgress: false }, 'manual'),
		).toBe('[]');
	});

	it.each(['set', 'generate', 'prepare'])(
		'%s gives them where there is a key to store',
		async (operation) => {
			const { hints } = await psk(account(), operation, { mode: 'trigger' });
			expect(JSON.stringify(hints)).toContain('n8n may store the data of this run');
			const nowhere = await psk(account(), operation, {
				mode: 'trigger',
				node: { onError: 'continueRegularOutput' },
				items: [{ id: 'f'.repeat(32), psk: 'k' }],
			});
			expect(nowhere.jsons[1]).toHaveLength(1);
			expect(JSON.stringify(nowhere.hints)).not.toContain('n8n may store the data of this run');
		},
	);
});

describe('an n8n before 1.123.21, or from 2.0 to 2.4.8, which has no getWorkflowSettings', () => {
	const account = useAccount();
	const owner = Object.getPrototypeOf(Object.getPrototypeOf(ExecuteContext.prototype)) as {
		getWorkflowSettings?: () => IWorkflowSettings;
	};
	const { getWorkflowSettings } = owner;

	beforeAll(() => {
		expect(delete owner.getWorkflowSettings).toBe(true);
		expect(ExecuteContext.prototype.getWorkflowSettings).toBeUndefined();
	});

	afterAll(() => {
		owner.getWorkflowSettings = getWorkflowSettings;
	});

	it('is told by the same settings', async () => {
		const options = { requireUnsaved: true };
		const refused = await psk(account(), 'set', { options, mode: 'trigger' });
		expect(refused.error?.description).toContain("'Save successful production executions'");
		const { jsons, hints } = await psk(account(), 'set', {
			options,
			mode: 'trigger',
			settings: UNSAVED,
		});
		expect(jsons[0]).toHaveLength(3);
		expect(hints).toEqual([]);
	});
});
