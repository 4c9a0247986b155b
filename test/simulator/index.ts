/** The simulated account: what tests and other processes use of it. */
export { startSimulator } from './simulator';
export type { Simulator } from './simulator';
export { startAccounts } from './sharedAccounts';
export type { SharedAccounts } from './sharedAccounts';
export type { FaultHandle, FaultInfo, FaultSpec, Faults } from './faults';
export type { DataCentre, Health, HealthOptions } from './health/types';
export type {
	Alert,
	AlertingOptions,
	Alerts,
	Delivery,
	HistoryEntry,
	NotificationBody,
	Policy,
	Webhook,
} from './alerting/types';
export type {
	KeyEvent,
	Operation,
	OutsideTunnel,
	RecordedRequest,
	SimulatorOptions,
	Tunnel,
	TunnelFields,
} from './types';
