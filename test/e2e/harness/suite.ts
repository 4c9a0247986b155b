import * as path from 'node:path';
import { buildPackage, installPackage, packPackage } from './package';
import type { Context, Part } from './part';
import { print, reasonOf } from '../../helpers/print';
import type { N8n } from './n8n';
import { startN8n } from './n8n';
import { temporaryFolder } from '../../helpers/processes';
import type { CheckResult, PartResult } from './report';
import { runCheck } from './report';
import type { Account, AccountOptions } from '../../helpers/accountProcess';
import { startAccount } from '../../helpers/accountProcess';

/** What the parts of one run share; everything is started when it is first asked for. */
export class Suite {
	readonly logFolder = path.join(temporaryFolder('run'), 'logs');

	private packed: Promise<string> | undefined;

	private shared: Promise<N8n> | undefined;

	async tarball(): Promise<string> {
		this.packed ??= buildPackage().then(packPackage);
		return await this.packed;
	}

	async n8n(): Promise<N8n> {
		this.shared ??= this.startShared();
		return await this.shared;
	}

	async stop(): Promise<void> {
		await (await this.shared?.catch(() => undefined))?.stop();
	}

	/** Runs one part; whatever it throws is a failed check of its own. */
	async run(part: Part): Promise<PartResult> {
		const started = Date.now();
		const { name, about } = part;
		print(`\n${name}: ${about}`);
		const skipped = await part.skipReason?.();
		if (skipped !== undefined) {
			print(`  skipped ${name}: ${skipped}`);
			return { name, about, checks: [], skipped, milliseconds: Date.now() - started };
		}
		const checks: CheckResult[] = [];
		const context = new PartContext(this, name, checks);
		try {
			await part.run(context);
		} catch (error) {
			await context.check(`the part ${name} runs to its end`, () => {
				throw error;
			});
		} finally {
			await context.end();
		}
		return { name, about, checks, milliseconds: Date.now() - started };
	}

	private async startShared(): Promise<N8n> {
		const userFolder = temporaryFolder('n8n');
		await installPackage(userFolder, await this.tarball());
		return await startN8n({ userFolder, logFolder: this.logFolder });
	}
}

class PartContext implements Context {
	private readonly tasks: Array<() => Promise<unknown>> = [];

	/** The last lines of the processes that the part uses, by their names. */
	private readonly tails = new Map<string, () => string>();

	constructor(
		private readonly suite: Suite,
		private readonly part: string,
		private readonly checks: CheckResult[],
	) {}

	get logFolder(): string {
		return this.suite.logFolder;
	}

	async check(name: string, check: () => Promise<void> | void): Promise<boolean> {
		const result = await runCheck(this.part, name, check, () =>
			[...this.tails.values()].map((tail) => tail()).join('\n'),
		);
		this.checks.push(result);
		return result.passed;
	}

	async n8n(): Promise<N8n> {
		const n8n = await this.suite.n8n();
		this.tails.set('n8n', () => n8n.tail(12));
		return n8n;
	}

	async account(options: AccountOptions = {}): Promise<Account> {
		const account = await startAccount({ logFolder: this.logFolder, ...options });
		this.tails.set(account.child.name, () => account.child.tail(5));
		this.defer(async () => await account.stop());
		return account;
	}

	async tarball(): Promise<string> {
		return await this.suite.tarball();
	}

	folder(name: string): string {
		return temporaryFolder(name);
	}

	defer(task: () => Promise<unknown>): void {
		this.tasks.push(task);
	}

	/** Does what was deferred; a task that fails is told, and does not keep the others from theirs. */
	async end(): Promise<void> {
		for (const task of this.tasks.reverse()) {
			await task().catch((error: unknown) => print(`  while tidying up: ${reasonOf(error)}`));
		}
	}
}
