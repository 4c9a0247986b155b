import type { Asked, StubServer } from './jsonServer';
import { jsonObjectOf, refuse, startJsonServer } from './jsonServer';

export interface Ticket {
	id: number;
	/** What the ticket is about in the caller's own system; one open ticket each. */
	external_id: string;
	title: string;
	description: string;
	status: 'open' | 'closed';
	comments: string[];
}

/** A ticket system with the few calls that most have in some form. */
export interface TicketSystem extends StubServer {
	/** Base of the API, without a slash at its end. */
	readonly url: string;
	readonly token: string;
	readonly tickets: readonly Ticket[];
}

const TOKEN = 'a token of the ticket system';

function textOf(fields: Record<string, unknown>, name: string): string {
	const value = fields[name];
	return typeof value === 'string' && value !== '' ? value : refuse(422, `${name} is missing`);
}

/**
 * Starts a strict stand-in: `GET /tickets?external_id=&status=`, `POST /tickets`,
 * `POST /tickets/ID/comments`, `PATCH /tickets/ID` with a status; bearer token needed.
 */
export async function startTickets(): Promise<TicketSystem> {
	const tickets: Ticket[] = [];
	const found = ({ searchParams }: URL) =>
		tickets.filter(
			(ticket) =>
				ticket.external_id === searchParams.get('external_id') &&
				ticket.status === searchParams.get('status'),
		);
	const create = (request: Asked): Ticket => {
		const fields = jsonObjectOf(request);
		const external_id = textOf(fields, 'external_id');
		if (tickets.some((one) => one.external_id === external_id && one.status === 'open')) {
			refuse(409, 'there is an open ticket');
		}
		const ticket: Ticket = {
			id: tickets.length + 1,
			external_id,
			title: textOf(fields, 'title'),
			description: textOf(fields, 'description'),
			status: 'open',
			comments: [],
		};
		tickets.push(ticket);
		return ticket;
	};
	const change = (request: Asked, id: string, part: string | undefined): Ticket => {
		const ticket = tickets.find((one) => String(one.id) === id) ?? refuse(404, 'no such ticket');
		const fields = jsonObjectOf(request);
		const action = `${request.method} ${part ?? ''}`;
		if (action === 'POST comments') ticket.comments.push(textOf(fields, 'text'));
		else if (action === 'PATCH ' && fields.status === 'closed') ticket.status = 'closed';
		else refuse(422, 'no such change');
		return ticket;
	};
	const server = await startJsonServer((request) => {
		if (request.headers.authorization !== `Bearer ${TOKEN}`) refuse(401, 'no such token');
		const [base, id, part, ...others] = request.url.pathname.slice(1).split('/');
		if (base !== 'tickets' || others.length > 0) refuse(404, 'no such path');
		if (id !== undefined) return { status: 200, body: change(request, id, part) };
		if (request.method === 'GET') return { status: 200, body: { tickets: found(request.url) } };
		if (request.method === 'POST') return { status: 201, body: create(request) };
		return refuse(405, 'no such method');
	});
	return { ...server, url: server.origin, token: TOKEN, tickets };
}
