import { Refusal } from '../envelope';

/** GUESS, for all of these: the statuses. Codes and texts were observed unless they are marked. */
const refusal = (status: number, code: number, message: string): Refusal =>
	new Refusal(status, { code, message });

// GUESS: code and text of everything that no observed error covers.
export const invalidAlerting = (message: string): Refusal => refusal(400, 0, message);

export const invalidWebhookId = (): Refusal => refusal(400, 0, 'invalid Webhook ID');

export const webhookNotFound = (): Refusal => refusal(404, 0, 'Webhook not found');

// The code was observed. GUESS: its text.
export const unknownWebhookDeleted = (): Refusal => refusal(404, 15000, 'Webhook not found');

export const policyNotFound = (): Refusal => refusal(404, 0, 'Policy not found');

/** @param status what the receiver answered; 0 for nothing */
export const webhookTestFailed = (status: number): Refusal =>
	refusal(
		400,
		0,
		// GUESS: the text behind the first three words.
		`Webhook test failed: ${status === 0 ? 'no answer from the endpoint' : `the endpoint answered ${status}`}`,
	);

export const invalidSelections = (): Refusal => refusal(400, 17003, 'Invalid object selections');

// The codes were observed. GUESS: the texts.
export const invalidAlertType = (): Refusal => refusal(400, 17004, 'Invalid alert type');
export const mechanismRequired = (message = 'At least one mechanism is required'): Refusal =>
	refusal(400, 17102, message);
export const filtersRequired = (): Refusal => refusal(400, 17103, 'Filters are required');
