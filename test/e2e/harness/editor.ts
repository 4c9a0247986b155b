import type { Browser, Locator, Page } from 'playwright-core';
import { startBrowser } from './browser';
import type { CredentialReference, N8n } from './n8n';
import { OWNER } from './n8n';

/** A window that shows a canvas with a handful of nodes well. */
const VIEWPORT = { width: 1400, height: 900 };

const PATIENCE_MS = 30_000;

/** n8n's editor in a browser, used by the names that it gives its parts. */
export class Editor {
	/** Answers of the instance with a status of 400 or more, and errors on the console. */
	readonly complaints: string[] = [];

	private constructor(
		private readonly n8n: N8n,
		private readonly browser: Browser,
		readonly page: Page,
	) {}

	/** Starts a browser and signs the owner in. */
	static async start(n8n: N8n): Promise<Editor> {
		const browser = await startBrowser();
		const page = await (await browser.newContext({ viewport: VIEWPORT })).newPage();
		page.setDefaultTimeout(PATIENCE_MS);
		const editor = new Editor(n8n, browser, page);
		await editor.signIn();
		editor.listen();
		return editor;
	}

	async stop(): Promise<void> {
		await this.browser.close();
	}

	async open(workflowId: string): Promise<void> {
		await this.page.goto(`${this.n8n.url}/workflow/${workflowId}`);
		await this.page.getByTestId('canvas-node').first().waitFor();
		await this.page.getByTestId('zoom-to-fit').click();
	}

	/** A node of the canvas. */
	node(name: string): Locator {
		return this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	}

	/** The entries that the node panel offers for a search, opened by the plus behind a node. */
	async searchNodesAfter(node: string, text: string): Promise<Locator> {
		await this.node(node).getByTestId('canvas-handle-plus').first().click();
		await this.page.getByTestId('node-creator-search-bar').waitFor();
		await this.page.keyboard.type(text);
		return this.page.getByTestId('node-creator-item-name');
	}

	/** Opens the panel of a node. */
	async openNode(name: string): Promise<void> {
		await this.node(name).dblclick();
		await this.page.getByTestId('ndv').waitFor();
	}

	async closeNode(): Promise<void> {
		await this.page.getByTestId('ndv-close-button').click();
		await this.page.getByTestId('ndv').waitFor({ state: 'hidden' });
	}

	async chooseCredential({ id }: CredentialReference): Promise<void> {
		await this.page.getByTestId('node-credentials-select').click();
		await this.page.getByTestId(`node-credentials-select-item-${id}`).click();
	}

	/** The entries of the tunnel list that a search leaves, in the panel of a node. */
	async searchTunnels(text: string): Promise<Locator> {
		await this.page.getByTestId('rlc-input').click();
		const items = this.page.getByTestId('rlc-item');
		await items.first().waitFor();
		if (text !== '') await this.page.keyboard.type(text);
		return items;
	}

	/** Runs the node whose panel is open, and those before it, until there is an output or a message. */
	async executeNode(): Promise<void> {
		await this.page.getByTestId('node-execute-button').click();
	}

	/** Runs the workflow on the canvas. */
	async executeWorkflow(): Promise<void> {
		await this.page.getByTestId('execute-workflow-button').click();
	}

	private async signIn(): Promise<void> {
		await this.page.goto(`${this.n8n.url}/signin`);
		await this.page.locator('input[autocomplete=email]').fill(OWNER.email);
		await this.page.locator('input[type=password]').fill(OWNER.password);
		await this.page.keyboard.press('Enter');
		await this.page.waitForURL(/home|workflow/);
	}

	private listen(): void {
		const isHere = (url: string) => url === '' || url.startsWith(this.n8n.url);
		this.page.on('response', (response) => {
			if (response.status() >= 400 && isHere(response.url())) {
				this.complaints.push(`${response.status()} ${response.url()}`);
			}
		});
		this.page.on('console', (message) => {
			const { url } = message.location();
			if (message.type() === 'error' && isHere(url)) {
				this.complaints.push(`console: ${message.text()} ${url}`);
			}
		});
		this.page.on('pageerror', ({ message }) => this.complaints.push(`page: ${message}`));
	}
}
