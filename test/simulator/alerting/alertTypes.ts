import type { AlertingAccount } from './types';

/** Alert types about Magic tunnels (Cloudflare's notification docs), by product. */
export const MAGIC_ALERT_TYPES = ['magic_tunnel_health_check_event', 'magic_wan_tunnel_health'];

export const isMagicAlertType = (type: string): boolean => MAGIC_ALERT_TYPES.includes(type);

/** The filters of these: the docs show `slo` and `tunnel_name`, the spec has `pop_names` too. */
// GUESS: there are no others, and pop_names belongs to these types.
export const MAGIC_FILTERS = ['slo', 'tunnel_name', 'pop_names'];

/** Every other alert_type that the spec names. */
const OTHER_ALERT_TYPES = new Set(
	`abuse_report_alert access_custom_certificate_expiration_type advanced_ddos_attack_l4_alert
	advanced_ddos_attack_l7_alert advanced_http_alert_error bgp_hijack_notification billing_usage_alert
	block_notification_block_removed block_notification_new_block block_notification_review_rejected
	bot_traffic_basic_alert brand_protection_alert brand_protection_digest clickhouse_alert_fw_anomaly
	clickhouse_alert_fw_ent_anomaly cloudforce_one_request_notification cni_maintenance_notification
	custom_analytics custom_bot_detection_alert custom_ssl_certificate_event_type
	dedicated_ssl_certificate_event_type device_connectivity_anomaly_alert dos_attack_l4 dos_attack_l7
	expiring_service_token_alert failing_logpush_job_disabled_alert fbm_auto_advertisement fbm_dosd_attack
	fbm_volumetric_attack health_check_status_notification hostname_aop_custom_certificate_expiration_type
	http_alert_edge_error http_alert_origin_error image_notification image_resizing_notification
	incident_alert load_balancing_health_alert load_balancing_pool_enablement_alert logo_match_alert
	maintenance_event_notification mtls_certificate_store_certificate_expiration_type pages_event_alert
	radar_notification real_origin_monitoring scriptmonitor_alert_new_code_change_detections
	scriptmonitor_alert_new_hosts scriptmonitor_alert_new_malicious_hosts
	scriptmonitor_alert_new_malicious_scripts scriptmonitor_alert_new_malicious_url
	scriptmonitor_alert_new_max_length_resource_url scriptmonitor_alert_new_resources
	secondary_dns_all_primaries_failing secondary_dns_primaries_failing secondary_dns_warning
	secondary_dns_zone_successfully_updated secondary_dns_zone_validation_warning security_insights_alert
	sentinel_alert stream_live_notifications synthetic_test_latency_alert
	synthetic_test_low_availability_alert traffic_anomalies_alert tunnel_health_event tunnel_update_event
	universal_ssl_event_type web_analytics_metrics_update zone_aop_custom_certificate_expiration_type`.split(
		/\s+/,
	),
);

/** GUESS: an alert about Magic is unknown to an account that has no Magic. */
export const isKnownAlertType = (type: string, { hasMagic }: AlertingAccount): boolean =>
	OTHER_ALERT_TYPES.has(type) || (hasMagic && isMagicAlertType(type));

/** Those that the dashboard offers are seven; the API takes any from 0 to 99.99 (notification docs). */
// GUESS: which seven.
const OFFERED_SLOS = ['99.99', '99.9', '99.5', '99.0', '98.0', '97.0', '95.0'];

const tunnelHealth = (type: string, product: string) => ({
	type,
	display_name: `${product} Tunnel Health Check Alert`,
	description: `Alerts when the health of a ${product} tunnel falls below its SLO`,
	filter_options: [
		{ Key: 'tunnel_name', ComparisonOperator: '==', Range: '0-n', AvailableValues: null },
		{ Key: 'pop_names', ComparisonOperator: '==', Range: '0-n', AvailableValues: null },
		{
			Key: 'slo',
			ComparisonOperator: '>=',
			Range: '1-1',
			AvailableValues: OFFERED_SLOS.map((ID) => ({
				ID,
				Description: `Service-Level Objective of ${ID}`,
			})),
		},
	],
});

/** By product, in the shape that the spec's example shows. GUESS: names, texts and options of these. */
// Not simulated: the alert types of other products.
export const availableAlerts = ({ hasMagic }: AlertingAccount): Record<string, unknown[]> =>
	hasMagic
		? {
				'Magic Transit': [tunnelHealth('magic_tunnel_health_check_event', 'Magic Transit')],
				'Magic WAN': [tunnelHealth('magic_wan_tunnel_health', 'Magic WAN')],
			}
		: {};
