import type { Settings } from '../helpers/shippedWorkflows';
import { formsShownTo } from './pages';
import type { Page } from './pages';
import { errorOf, runExample, triggerOf } from './run';
import { useServices } from './services';

/** Nothing listens on a port that the system keeps to itself. */
const DOWN = 'http://127.0.0.1:1/hooks/magic';

const TOLD = /\n\nThe chat could not be reached\.$/;

describe('a chat that can not be reached', () => {
	const services = useServices([120, null, 3]);

	const run = async (file: string, own: Settings, pages: Page[] = []) => {
		const { notify, credentials } = services();
		const form = {
			Confirmation: 'rotate all keys',
			Reason: 'a test',
			'Your Name': 'Ada',
			submittedAt: new Date().toISOString(),
		};
		return await runExample({
			file,
			settings: { ...notify, ...own, chat_url: DOWN },
			credentials,
			types: [triggerOf('n8n-nodes-base.formTrigger'), formsShownTo(pages)],
			input: [{ json: form }],
		});
	};

	it.each([
		['scheduled-rotation.json', { max_age_days: 90 }],
		['emergency-rotation.json', {}],
	])('%s: the keys are where they belong, and the e-mail tells of the chat', async (file, own) => {
		const { simulator, vault, mailbox } = services();
		expect(errorOf(await run(file, own))).toBeUndefined();
		const { id } = simulator.tunnels()[0]!;
		const { current, pending } = (await vault.secret(id))!;
		expect({ current, pending }).toEqual({ current: simulator.liveKey(id), pending: undefined });
		expect(mailbox.mails).toHaveLength(1);
		expect(mailbox.mails[0]!.body).toMatch(TOLD);
	});

	it.each([
		['vault-audit.json', {}],
		['weekly-key-age-report.json', { max_age_days: 90 }],
	])('%s: the e-mail goes out, and tells of the chat', async (file, own) => {
		const { mailbox } = services();
		expect(errorOf(await run(file, own))).toBeUndefined();
		expect(mailbox.mails).toHaveLength(1);
		expect(mailbox.mails[0]!.body).toMatch(TOLD);
	});

	it('emergency-rotation.json: its last page tells of the chat, and of the e-mail if that fails too', async () => {
		const pages: Page[] = [];
		await services().mailbox.close();
		expect(errorOf(await run('emergency-rotation.json', {}, pages))).toBeUndefined();
		expect(pages[0]!.message).toMatch(
			/ The chat could not be reached: tell the others yourself\. The e-mail could not be sent\.$/,
		);
	});
});
