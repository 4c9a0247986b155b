import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { aptMissing } from '../harness/apt';
import { installOnce } from '../harness/cache';
import { freePort } from '../../helpers/ports';
import { startProcess, temporaryFolder, waitFor } from '../../helpers/processes';

/** A message as a person in the room got it. */
export interface ChatMessage {
	from: string;
	body: string;
}

/**
 * ejabberd, a real chat server, with one room that n8n posts into over HTTP and a person who sits in
 * it over XMPP.
 */
export interface Chat {
	/** POST a message here: the `envelope` and its text as `body`. */
	readonly url: string;
	/** What n8n's credential type `httpBasicAuth` takes. */
	readonly credential: { user: string; password: string };
	/** What a message to the room has besides its text. */
	readonly envelope: Record<'type' | 'from' | 'to' | 'subject', string>;
	/** What the person in the room got so far, oldest first. */
	received(): ChatMessage[];
	stop(): Promise<void>;
}

const ROOM = 'psk@conference.localhost';
const BOT = { user: 'n8n@localhost', password: 'n8n-password' };
const PERSON = { user: 'ops', password: 'ops-password' };

const configuration = (httpPort: number, xmppPort: number): string => `loglevel: info
hosts: [localhost]
auth_method: internal
auth_password_format: scram
acl:
  bot: { user: ${BOT.user} }
access_rules:
  c2s: { allow: all }
api_permissions:
  "bot may post":
    who: { access: { allow: { acl: bot } } }
    what: [ send_message ]
listen:
  - { port: ${xmppPort}, ip: "127.0.0.1", module: ejabberd_c2s, access: c2s }
  - { port: ${httpPort}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: { /api: mod_http_api } }
modules:
  mod_admin_extra: {}
  mod_disco: {}
  mod_http_api: {}
  mod_muc:
    default_room_options: { persistent: true, public: true, allow_subscription: true, members_only: false }
  mod_muc_admin: {}
  mod_roster: {}
`;

const register = (user: string, password: string): string =>
	`ejabberd_auth:try_register(<<"${user}">>, <<"localhost">>, <<"${password}">>)`;

/**
 * Debian's start script writes to /etc and needs the name service of Erlang; this needs neither. The
 * bot subscribes to the room, because a room takes messages from its members only.
 */
const startProgram = (readyFile: string): string => `spawn(fun() ->
	ejabberd:start(),
	timer:sleep(200),
	${register('n8n', BOT.password)},
	${register(PERSON.user, PERSON.password)},
	mod_muc_admin:create_room(<<"psk">>, <<"conference.localhost">>, <<"localhost">>),
	mod_muc_admin:subscribe_room(<<"${BOT.user}/bot">>, <<"n8n">>, <<"${ROOM}">>, <<"urn:xmpp:mucsub:nodes:messages">>),
	file:write_file("${readyFile}", <<"ready">>)
end).`;

const RECIPE = {
	name: 'xmpp-client',
	version: '0.14.0',
	about: 'the XMPP client (about 5 s)',
	packageJson: { dependencies: { '@xmpp/client': '0.14.0' } },
	steps: [{ command: 'npm', args: ['install', '--ignore-scripts', '--no-audit', '--no-fund'] }],
};

/** As much of the library `@xmpp/client` as is used. */
interface Element {
	is(name: string): boolean;
	attrs: Record<string, string>;
	getChildText(name: string): string | null;
}
interface XmppLibrary {
	client(options: Record<string, string>): {
		on(event: 'stanza', listener: (stanza: Element) => void): void;
		on(event: 'error', listener: (error: Error) => void): void;
		start(): Promise<unknown>;
		stop(): Promise<unknown>;
		send(element: Element): Promise<void>;
	};
	xml(name: string, attributes?: Record<string, string>, ...children: Element[]): Element;
}

/** Sits down in the room as a person, and keeps what is said there. */
async function enterRoom(port: number, messages: ChatMessage[]) {
	const folder = await installOnce(RECIPE);
	const library = createRequire(path.join(folder, 'package.json')).resolve('@xmpp/client');
	const { client, xml } = (await import(pathToFileURL(library).href)) as XmppLibrary;
	const xmpp = client({
		service: `xmpp://127.0.0.1:${port}`,
		domain: 'localhost',
		username: PERSON.user,
		password: PERSON.password,
	});
	let problem: Error | undefined;
	let entered = false;
	xmpp.on('error', (error) => {
		problem = error;
	});
	xmpp.on('stanza', (stanza) => {
		const { from = '' } = stanza.attrs;
		if (stanza.is('presence') && from.startsWith(`${ROOM}/`)) entered = true;
		if (!stanza.is('message') || stanza.attrs.type !== 'groupchat') return;
		const body = stanza.getChildText('body');
		if (body !== null) messages.push({ from, body });
	});
	await xmpp.start();
	const room = xml('x', { xmlns: 'http://jabber.org/protocol/muc' });
	await xmpp.send(xml('presence', { to: `${ROOM}/${PERSON.user}` }, room));
	await waitFor('The person in the room', async () => {
		if (problem !== undefined) throw problem;
		return entered;
	});
	return xmpp;
}

/** Why there is no ejabberd here; undefined if there is. Installs it if it is missing. */
export async function reasonWithoutChat(): Promise<string | undefined> {
	return await aptMissing(['ejabberd']);
}

/** @throws when ejabberd is not installed */
export async function startChat(): Promise<Chat> {
	const folder = temporaryFolder('ejabberd');
	const [http, xmpp] = [await freePort(), await freePort()];
	const file = (name: string) => path.join(folder, name);
	await mkdir(file('mnesia'));
	writeFileSync(file('ejabberd.yml'), configuration(http, xmpp));
	const child = startProcess({
		name: 'ejabberd',
		command: 'erl',
		args: [
			...['+K', 'true', '-noinput', '-mnesia', 'dir', `"${file('mnesia')}"`, '-s', 'ejabberd'],
			...['-eval', startProgram(file('ready'))],
		],
		env: {
			HOME: folder,
			EJABBERD_CONFIG_PATH: file('ejabberd.yml'),
			EJABBERD_LOG_PATH: file('ejabberd.log'),
			ERL_LIBS: '/usr/lib/x86_64-linux-gnu',
			ERL_CRASH_DUMP: file('crash.dump'),
		},
	});
	const messages: ChatMessage[] = [];
	const stop = async () => {
		await child.stop();
		await rm(folder, { recursive: true, force: true });
	};
	try {
		await waitFor('ejabberd', async () => existsSync(file('ready')), { child });
		const person = await enterRoom(xmpp, messages);
		return {
			url: `http://127.0.0.1:${http}/api/send_message`,
			credential: BOT,
			envelope: { type: 'groupchat', from: BOT.user, to: ROOM, subject: '' },
			received: () => [...messages],
			async stop() {
				await person.stop();
				await stop();
			},
		};
	} catch (error) {
		await stop();
		throw error;
	}
}
