import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { close, listen } from '../helpers/ports';

export interface Mail {
	from: string;
	to: string[];
	subject: string;
	/** The body, decoded; its lines end in \n. */
	body: string;
}

interface Login {
	port: number;
	/** None by default. */
	user?: string;
	password?: string;
}

/** An SMTP server that keeps what it gets. */
export interface Mailbox {
	/** What n8n's credential type `smtp` takes. */
	readonly credential: ReturnType<typeof smtpCredential>;
	readonly mails: readonly Mail[];
	close(): Promise<void>;
}

/** What n8n's credential type `smtp` takes for a server on loopback. */
export function smtpCredential({ port, user = '', password = '' }: Login) {
	return { user, password, host: '127.0.0.1', port, secure: false, disableStartTls: true };
}

const address = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? '';

function quotedPrintable(text: string): string {
	const bytes = text
		.replace(/=\n/g, '')
		.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
	return Buffer.from(bytes, 'latin1').toString('utf8');
}

function decoded(body: string, encoding: string | undefined): string {
	if (encoding === 'quoted-printable') return quotedPrintable(body);
	if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
	return body;
}

/** Takes a mail of one part apart; the message's lines are ended by \n and not yet undotted. */
function parsed(lines: readonly string[]): Pick<Mail, 'subject' | 'body'> {
	const end = lines.indexOf('');
	const head = lines.slice(0, end).join('\n').replace(/\n\s+/g, ' ');
	const headers = new Map(
		head.split('\n').map((line) => {
			const [name = '', ...value] = line.split(':');
			return [name.toLowerCase(), value.join(':').trim()];
		}),
	);
	const body = lines
		.slice(end + 1)
		.map((line) => line.replace(/^\./, ''))
		.join('\n');
	return {
		subject: headers.get('subject') ?? '',
		body: decoded(body, headers.get('content-transfer-encoding')?.toLowerCase()).trimEnd(),
	};
}

async function serve(socket: Socket, keep: (mail: Mail) => void): Promise<void> {
	const say = (line: string) => socket.write(`${line}\r\n`);
	let [from, to, data] = ['', [] as string[], undefined as string[] | undefined];
	say('220 mailbox ESMTP');
	for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
		if (data !== undefined) {
			if (line !== '.') {
				data.push(line);
				continue;
			}
			keep({ from, to, ...parsed(data) });
			[from, to, data] = ['', [], undefined];
			say('250 kept');
			continue;
		}
		switch (line.slice(0, 4).toUpperCase()) {
			case 'EHLO':
			case 'HELO':
				say('250 mailbox');
				break;
			case 'MAIL':
				from = address(line);
				say('250 ok');
				break;
			case 'RCPT':
				to.push(address(line));
				say('250 ok');
				break;
			case 'DATA':
				data = [];
				say(to.length === 0 ? '503 no recipient' : '354 go on');
				break;
			case 'QUIT':
				say('221 bye');
				socket.end();
				break;
			default:
				say('502 unknown');
		}
	}
}

/** Starts an SMTP server on 127.0.0.1 that needs no login. */
export async function startMailbox(): Promise<Mailbox> {
	const mails: Mail[] = [];
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.once('close', () => sockets.delete(socket));
		// A client that goes away in the middle of a mail has sent none.
		serve(socket, (mail) => mails.push(mail)).catch(() => socket.destroy());
	});
	const port = await listen(server);
	return {
		credential: smtpCredential({ port }),
		mails,
		async close() {
			for (const socket of sockets) socket.destroy();
			await close(server);
		},
	};
}
