import * as path from 'node:path';
import { smtpCredential } from '../../stubs/mailbox';
import { installOnce } from '../harness/cache';
import { freePort } from '../../helpers/ports';
import { startProcess, waitFor } from '../../helpers/processes';

/** A letter that arrived, as far as the tests read it. */
export interface Letter {
	subject: string;
	text: string;
}

/** A real SMTP server whose inbox can be read. */
export interface Mail {
	/** What n8n's credential type `smtp` takes. */
	readonly credential: ReturnType<typeof smtpCredential>;
	/** Oldest first. */
	inbox(): Promise<Letter[]>;
	stop(): Promise<void>;
}

const USER = 'n8n';
const PASSWORD = 'mail-password';

const RECIPE = {
	name: 'maildev',
	version: '2.2.1',
	about: 'the mail server maildev (42 MB, about 10 s)',
	packageJson: { dependencies: { maildev: '2.2.1' } },
	steps: [{ command: 'npm', args: ['install', '--ignore-scripts', '--no-audit', '--no-fund'] }],
};

/** Starts maildev, installed into the cache if it is not there. */
export async function startMail(): Promise<Mail> {
	const folder = await installOnce(RECIPE);
	const [smtp, web] = [await freePort(), await freePort()];
	const child = startProcess({
		name: 'maildev',
		command: process.execPath,
		args: [
			path.join(folder, 'node_modules', 'maildev', 'bin', 'maildev'),
			...['--ip', '127.0.0.1', '--smtp', String(smtp), '--web', String(web)],
			...['--incoming-user', USER, '--incoming-pass', PASSWORD],
		],
	});
	const inbox = async () =>
		(await (await fetch(`http://127.0.0.1:${web}/email`)).json()) as Letter[];
	await waitFor('maildev', async () => await inbox().catch(() => undefined), { child });
	return {
		credential: smtpCredential({ port: smtp, user: USER, password: PASSWORD }),
		inbox,
		stop: async () => await child.stop(),
	};
}
