import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import { cloneDeep, isEqual } from 'lodash';
import * as core from 'n8n-core';
import type {
	IDataObject,
	INode,
	INodeExecutionData,
	INodeParameters,
	Workflow,
} from 'n8n-workflow';
import type { WorkflowExecuteMode } from 'n8n-workflow';
import { additionalData, PACKAGE_NAME, workflowOf } from './engine';
import type { Credentials } from './node';
import { sources } from './node';

/**
 * The polling trigger in n8n-core's own poll executor and context. Around it stands what the n8n
 * server does with static data: in its first way it is saved with the workflow when a poll emits
 * and after the activation, and a poll that emits nothing is not saved; with durable cursors every
 * poll works on a copy, which is saved in both cases.
 */
export interface PollerOptions {
	credentials: Credentials;
	parameters: INodeParameters;
	cursors?: 'legacy' | 'durable';
	/** What the database holds from before. */
	saved?: IDataObject;
}

const NAME = 'Cloudflare Magic IPsec Trigger';

function nodeOf(parameters: INodeParameters): INode {
	const type =
		parameters.authentication === 'apiKey' ? 'cloudflareMagicKeyApi' : 'cloudflareMagicTokenApi';
	return {
		id: 'trigger',
		name: NAME,
		type: `${PACKAGE_NAME}.cloudflareMagicIpsecTrigger`,
		typeVersion: 1,
		position: [0, 0],
		parameters: { pollTimes: { item: [{ mode: 'everyMinute' }] }, ...parameters },
		credentials: { [type]: { id: '1', name: 'Cloudflare' } },
	};
}

export class Poller {
	/** What the database holds, as JSON. */
	saved: string;

	/** Everything that was emitted since it was last taken. */
	private emitted: INodeExecutionData[] = [];

	/** Errors that made an error execution. */
	readonly errors: Array<Error & IDataObject> = [];

	/** What the trigger wrote into n8n's log as a warning. */
	readonly warnings: string[] = [];

	private isRegistered = false;

	private workflow!: Workflow;

	private run!: (testing?: boolean) => Promise<void>;

	constructor(private readonly options: PollerOptions) {
		this.saved = JSON.stringify(options.saved ?? {});
		this.load();
	}

	/**
	 * As n8n does when the workflow is activated and at each of its own starts. With durable cursors the
	 * poll at the activation is saved only if it emits, and later starts do not poll: the job is there.
	 */
	async activate(): Promise<IDataObject[]> {
		this.load();
		const durable = this.options.cursors === 'durable';
		if (!durable || !this.isRegistered) await this.run(true);
		this.isRegistered = true;
		if (!durable) this.save();
		return this.take();
	}

	/** One scheduled poll. Gives the items that it emitted. */
	async poll(): Promise<IDataObject[]> {
		await this.run();
		return this.take();
	}

	/** A test run in the editor. */
	async manual(): Promise<IDataObject[]> {
		this.load('manual');
		await this.run(true);
		return this.take();
	}

	/** The trigger's own static data as it is in memory. */
	memory(): IDataObject {
		const data = this.workflow.getStaticData('node', this.workflow.getNode(NAME)!);
		return JSON.parse(JSON.stringify(data)) as IDataObject;
	}

	/** The trigger's own static data as it was saved. */
	database(): IDataObject {
		const all = JSON.parse(this.saved) as Record<string, IDataObject>;
		return all[`node:${NAME}`] ?? {};
	}

	/** Puts other static data into the database, as an older version or a hand may have. */
	overwrite(data: IDataObject): void {
		this.saved = JSON.stringify({ [`node:${NAME}`]: data });
	}

	private take(): IDataObject[] {
		return this.emitted.splice(0).map(({ json }) => json);
	}

	private save(): void {
		this.saved = JSON.stringify(this.workflow.staticData);
	}

	private load(mode: WorkflowExecuteMode = 'trigger'): void {
		const { credentials, parameters } = this.options;
		const node = nodeOf(parameters);
		const shared = { types: sources, credentials };
		this.workflow = workflowOf(
			{ nodes: [node], connections: {} },
			sources,
			JSON.parse(this.saved) as IDataObject,
		);
		const { commitCursor, runPoll, staticData } = this.cursors();
		const context = new core.PollContext(
			this.workflow,
			this.workflow.getNode(NAME)!,
			additionalData(shared) as never,
			mode,
			'activate',
			(data) => {
				this.emitted.push(...data.flat());
				if (mode === 'trigger') this.keep(commitCursor);
			},
			(error) => this.errors.push(error as never),
			commitCursor,
			runPoll,
			staticData,
		);
		const logger = Container.get(Logger);
		const warn = (text: string) => {
			this.warnings.push(text);
			logger.warn(text);
		};
		Object.defineProperty(context, 'logger', {
			value: Object.create(logger, { warn: { value: warn } }) as Logger,
		});
		this.run = Container.get(core.PollTriggerExecutor).create(
			this.workflow,
			this.workflow.getNode(NAME)!,
			context,
			() => true,
		);
	}

	/** What an emission saves. */
	private keep(commitCursor: (() => Promise<void>) | undefined): void {
		if (commitCursor === undefined) this.save();
		else void commitCursor();
	}

	/** n8n's way with the static data of a poll; all undefined for what is the default of the context. */
	private cursors() {
		if (this.options.cursors !== 'durable') return {};
		const staged = new AsyncLocalStorage<{ copy: IDataObject; seed: IDataObject }>();
		return {
			commitCursor: async () => {
				const cursor = staged.getStore();
				if (cursor === undefined || isEqual(cursor.copy, cursor.seed)) return;
				cursor.seed = cloneDeep(cursor.copy);
				this.overwrite(cursor.seed);
			},
			runPoll: async <T>(poll: () => Promise<T>): Promise<T> =>
				await staged.run({ copy: this.database(), seed: this.database() }, poll),
			staticData: () => staged.getStore()!.copy,
		};
	}
}
