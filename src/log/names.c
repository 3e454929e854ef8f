/* SPDX-License-Identifier: MIT */
/*
 * Tables only.  A field's length is what its longest honest value needs; a peer's
 * dishonest one ends there.
 */
#include "log/names.h"

#define WORD(literal)                           \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

/* clang-format off */
#define NAME_ERROR   "error"
#define NAME_WARNING "warning"
#define NAME_INFO    "info"
#define NAME_DEBUG   "debug"
#define AFTER_TIME(name, level)                                           \
	{ WORD("Z\",\"level\":\"" level "\",\"event\":\"" name "\""),        \
	  WORD("Z level=" level " event=" name) }
#define EVENT(id, name, level, sentence)                                  \
	[LOG_##id] = { WORD(name), WORD(sentence), LOG_##level##_, AFTER_TIME(name, NAME_##level) }

const struct log_event_words log_events[LOG_EVENT_COUNT] = {
	EVENT(MSG_ANNOTATED,    "msg.annotated",    INFO,    "message annotated"),
	EVENT(MSG_FORWARDED,    "msg.forwarded",    INFO,    "message forwarded"),
	EVENT(MSG_ACKED,        "msg.acked",        INFO,    "message answered"),
	EVENT(MSG_REJECTED,     "msg.rejected",     WARNING, "message rejected"),
	EVENT(MSG_FAILED,       "msg.failed",       WARNING, "message not delivered"),
	EVENT(MSG_STRAY_ACK,    "msg.stray_ack",    WARNING, "answer to no message in flight"),
	EVENT(MSG_LATER_ACK,    "msg.later_ack",    INFO,    "another answer passed on"),
	EVENT(AUDIT_REFUSED,    "audit.refused",    WARNING, "message of a sender not allowed refused"),
	EVENT(MSG_UNPROVED,     "msg.unproved",     ERROR,   "edits could not be proved, original forwarded"),
	EVENT(MSG_QUEUED,       "msg.queued",       INFO,    "message taken into custody"),
	EVENT(MSG_DUPLICATE,    "msg.duplicate",    INFO,    "resend acknowledged again"),
	EVENT(MSG_SAME_ID,      "msg.same_id",      WARNING, "control ID used again with other bytes"),
	EVENT(MSG_DELIVERED,    "msg.delivered",    INFO,    "message delivered"),
	EVENT(MSG_RETRY,        "msg.retry",        WARNING, "message will be sent again"),
	EVENT(MSG_DEADLETTER,   "msg.deadletter",   ERROR,   "message set aside"),
	EVENT(MSG_DROPPED,      "msg.dropped",      WARNING, "message dropped in flight"),
	EVENT(LINE_STOPPED,     "line.stopped",     ERROR,   "forwarding stopped by policy"),
	EVENT(LINE_RESUMED,     "line.resumed",     INFO,    "forwarding goes on"),
	EVENT(QUEUE_WAITING,    "queue.waiting",    WARNING, "messages wait in the queue"),
	EVENT(QUEUE_HIGH,       "queue.high",       WARNING, "messages have waited for long"),
	EVENT(QUEUE_LOW,        "queue.low",        INFO,    "messages wait no longer"),
	EVENT(QUEUE_DISK_LOW,   "queue.disk_low",   ERROR,   "disk nearly full, intake stopped"),
	EVENT(QUEUE_DISK_WELL,  "queue.disk_well",  INFO,    "space again, intake goes on"),
	EVENT(QUEUE_IO_ERROR,   "queue.io_error",   ERROR,   "queue cannot be written"),
	EVENT(QUEUE_WELL,       "queue.well",       INFO,    "queue can be written again"),
	EVENT(QUEUE_DELETED,    "queue.deleted",    ERROR,   "queue file gone, intake stopped"),
	EVENT(QUEUE_UPGRADED,   "queue.upgraded",   INFO,    "queue brought to the layout of this version"),
	EVENT(QUEUE_CORRUPT,    "queue.corrupt",    ERROR,   "queue file damaged, intake stopped"),
	EVENT(AUDIT_ADMIN,      "audit.admin",      WARNING, "operator at work on the queue"),
	EVENT(CONN_OPEN,        "conn.open",        INFO,    "connection opened"),
	EVENT(CONN_CLOSE,       "conn.close",       INFO,    "connection closed"),
	EVENT(CONN_REFUSED,     "conn.refused",     WARNING, "connection refused"),
	EVENT(CONN_TIMEOUT,     "conn.timeout",     WARNING, "connection timed out"),
	EVENT(CONN_BROKEN,      "conn.broken",      WARNING, "framing broken"),
	EVENT(CONN_FAILED,      "conn.failed",      WARNING, "receiver not reached"),
	EVENT(DNS_FAILED,       "dns.failed",       WARNING, "name not resolved"),
	EVENT(TLS_DENIED,       "tls.denied",       WARNING, "peer refused"),
	EVENT(TLS_RELOADED,     "tls.reloaded",     INFO,    "certificates in force"),
	EVENT(TLS_UNFIT,        "tls.unfit",        WARNING, "certificate not for this side"),
	EVENT(TLS_EXPIRING,     "tls.expiring",     WARNING, "certificate or list ends soon"),
	EVENT(CONFIG_LOADED,    "config.loaded",    INFO,    "configuration in force"),
	EVENT(CONFIG_REJECTED,  "config.rejected",  ERROR,   "configuration refused"),
	EVENT(CONFIG_WAITING,   "config.waiting",   WARNING, "configuration waits for names"),
	EVENT(MAPPING_LOADED,   "mapping.loaded",   INFO,    "mapping in force"),
	EVENT(MAPPING_REJECTED, "mapping.rejected", ERROR,   "mapping refused"),
	EVENT(MAPPING_DRAFT,    "mapping.draft",    WARNING, "mapping not approved by a laboratory"),
	EVENT(MAPPING_DORMANT,  "mapping.dormant",  ERROR,   "mapping not in effect"),
	EVENT(SVC_STARTED,      "svc.started",      INFO,    "started"),
	EVENT(SVC_STOPPING,     "svc.stopping",     INFO,    "stopping"),
	EVENT(SVC_STOPPED,      "svc.stopped",      INFO,    "stopped"),
	EVENT(SVC_EXPOSED,      "svc.exposed",      WARNING, "less guarded than it could be"),
	EVENT(SVC_PAUSED,       "svc.paused",       WARNING, "accepting or reading paused"),
	EVENT(LOG_DROPPED,      "log.dropped",      WARNING, "log lines lost here"),
};

#define KEY(literal) { literal, sizeof(literal) - 1 }
#define KEYS(lower, upper) { KEY(",\"" lower "\":"), KEY(" " lower "="), KEY(upper "=") }
#define TEXT(id, lower, upper, most) [LOG_##id] = { KEYS(lower, upper), most }
#define NUMBER(id, lower, upper) [LOG_##id] = { KEYS(lower, upper), 0 }

const struct log_field_words log_fields[LOG_FIELD_COUNT] = {
	NUMBER(CORR,        "corr",        "CORR"),
	TEXT(FEED,          "feed",        "FEED", 64),
	TEXT(LISTENER,      "listener",    "LISTENER", 300), /* a host name of 253, and a port */
	TEXT(DIR,           "dir",         "DIR", 8),
	TEXT(PEER,          "peer",        "PEER", 300),
	TEXT(PEER_CERT,   "peer_cert",   "PEER_CERT", 128),
	TEXT(CTL_ID,        "ctl_id",      "CTL_ID", 50),
	TEXT(MSG_TYPE,      "msg_type",    "MSG_TYPE", 20),
	TEXT(HL7_VERSION,   "hl7_version", "HL7_VERSION", 12),
	NUMBER(BYTES_IN,    "bytes_in",    "BYTES_IN"),
	NUMBER(BYTES_OUT,   "bytes_out",   "BYTES_OUT"),
	NUMBER(SEGS,        "segs",        "SEGS"),
	TEXT(RULES,         "rules",       "RULES", 160),
	TEXT(SKIP,          "skip",        "SKIP", 160),
	TEXT(WITHHELD,      "withheld",    "WITHHELD", 40),
	NUMBER(OBX_FLAGGED, "obx_flagged", "OBX_FLAGGED"),
	NUMBER(NTE_ADDED,   "nte_added",   "NTE_ADDED"),
	NUMBER(ATTEMPT,     "attempt",     "ATTEMPT"),
	NUMBER(LATENCY_US,  "latency_us",  "LATENCY_US"),
	TEXT(ACK_CODE,      "ack_code",    "ACK_CODE", 8),
	TEXT(OUTCOME,       "outcome",     "OUTCOME", 64),
	TEXT(ERR_CODE,      "err_code",    "ERR_CODE", 64),
	TEXT(ERR_LOC,       "err_loc",     "ERR_LOC", 300),
	TEXT(ERR_TEXT,      "err_text",    "ERR_TEXT", 500),
	TEXT(MAPPING,       "mapping",     "MAPPING", 300),
	TEXT(VERSION,       "version",     "VERSION", 64),
	TEXT(SHA256,        "sha256",      "SHA256", 64),
	TEXT(STATUS,        "status",      "STATUS", 64),
	NUMBER(COUNT_,      "count",       "COUNT"),
	TEXT(FILE,          "file",        "FILE", 300),
	TEXT(MODE,          "mode",        "MODE", 32),
	NUMBER(QUEUE_SEQ,   "queue_seq",   "QUEUE_SEQ"),
	NUMBER(QUEUE_AGE_MS, "queue_age_ms", "QUEUE_AGE_MS"),
	NUMBER(WAIT_MS,     "wait_ms",     "WAIT_MS"),
	NUMBER(UID,         "uid",         "UID"), /* systemd's own _UID is the daemon's */
	NUMBER(ASIDE,       "aside",       "ASIDE"),
	TEXT(VERB,          "verb",        "VERB", 32),
	NUMBER(OFFSET,      "offset",      "OFFSET"),
	NUMBER(DAYS_LEFT,   "days_left",   "DAYS_LEFT"),
};

const struct log_level_words log_levels[LOG_DEBUG_ + 1] = {
	[LOG_ERROR_]   = { WORD(NAME_ERROR), '3' },
	[LOG_WARNING_] = { WORD(NAME_WARNING), '4' },
	[LOG_INFO_]    = { WORD(NAME_INFO), '6' },
	[LOG_DEBUG_]   = { WORD(NAME_DEBUG), '7' },
};
/* clang-format on */
