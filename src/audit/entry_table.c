/* ledger.cddl, line by line. */
#include "audit/entry_table.h"

#define K(k)       AK_AUDIT_KEY(k)
#define NUMBER_MAX INT64_MAX

#define BYTES(n)                                                                                             \
    {                                                                                                        \
        AK_AUDIT_FORM_BYTES, (n), (n)                                                                        \
    }
#define BYTES_TO(max)                                                                                        \
    {                                                                                                        \
        AK_AUDIT_FORM_BYTES, 1, (max)                                                                        \
    }
#define TEXT(min, max)                                                                                       \
    {                                                                                                        \
        AK_AUDIT_FORM_TEXT, (min), (max)                                                                     \
    }
#define UINT(min, max)                                                                                       \
    {                                                                                                        \
        AK_AUDIT_FORM_UINT, (min), (max)                                                                     \
    }
#define NUMBER UINT(0, NUMBER_MAX)
#define U32    UINT(0, UINT32_MAX)

const struct ak_audit_field ak_audit_fields[AK_AUDIT_KEYS] = {
    /* what entries share */
    [0] = UINT(1, 1),
    [1] = UINT(1, 255),
    [2] = NUMBER,
    [3] = BYTES(32),
    [4] = {AK_AUDIT_FORM_ACTOR, 1, 32},
    [5] = BYTES(16),
    [6] = UINT(1, NUMBER_MAX),
    [7] = BYTES(32),
    [8] = BYTES(16),
    [9] = BYTES(32),
    [10] = BYTES(32),
    [11] = TEXT(1, 64),
    /* fields of types */
    [16] = BYTES(32),      /* omni */
    [17] = TEXT(1, 64),    /* label */
    [18] = U32,            /* generation */
    [19] = TEXT(1, 32),    /* operation */
    [20] = BYTES(32),      /* message_hash */
    [21] = TEXT(1, 255),   /* domain */
    [22] = TEXT(1, 128),   /* nonce */
    [23] = NUMBER,         /* tat_us */
    [24] = BYTES(16),      /* log_id */
    [25] = TEXT(1, 64),    /* worker_id */
    [26] = BYTES(32),      /* config */
    [27] = U32,            /* format */
    [28] = U32,            /* root_version */
    [29] = TEXT(1, 16),    /* suite */
    [30] = TEXT(1, 32),    /* identity_type */
    [31] = BYTES(20),      /* home_wallet */
    [32] = BYTES(32),      /* recovery_hash */
    [33] = BYTES(32),      /* device */
    [34] = TEXT(0, 64),    /* name */
    [35] = U32,            /* what */
    [36] = NUMBER,         /* ready_at_ms */
    [37] = TEXT(0, 2048),  /* scope */
    [38] = UINT(0, 10000), /* rate */
    [39] = NUMBER,         /* valid_until_ms */
    [40] = NUMBER,         /* valid_until_height */
    [41] = BYTES(20),      /* address */
    [42] = U32,            /* from */
    [43] = U32,            /* to */
    [44] = NUMBER,         /* size */
    [45] = BYTES(32),      /* hash */
    [46] = NUMBER,         /* bytes */
    [47] = NUMBER,         /* expires_at_ms */
    [48] = TEXT(1, 32),    /* how */
    [49] = TEXT(1, 32),    /* rule */
    [50] = NUMBER,         /* count */
    [51] = NUMBER,         /* from_ms */
    [52] = NUMBER,         /* to_ms */
    [53] = NUMBER,         /* counter */
    [54] = UINT(0, 1),     /* clean */
    [55] = TEXT(1, 32),    /* version */
    [56] = NUMBER,         /* size_before */
    [57] = TEXT(1, 63),    /* credential */
    [58] = TEXT(0, 2048),  /* definition */
    [59] = U32,            /* epoch */
    [60] = BYTES(16),      /* blob_id */
    [61] = BYTES(16),      /* old_blob_id */
    [62] = BYTES(32),      /* dek_id */
    [63] = U32,            /* value_version */
    [64] = U32,            /* restores */
    [65] = TEXT(1, 64),    /* owner */
    [66] = UINT(0, 1),     /* erase */
    [67] = TEXT(1, 200),   /* audience */
    [68] = NUMBER,         /* mint_tat_us */
    [69] = BYTES(32),      /* old_config */
    [70] = BYTES_TO(2560), /* trust */
};

/* Key 8 may be everywhere; 10 and 11, together, in control entries. */
#define CONTROL(name, required, optional)                                                                    \
    {                                                                                                        \
        (name), AK_AUDIT_HEAD | K(9) | (required), K(8) | K(10) | K(11) | (optional)                         \
    }
#define USE(name, required, optional)                                                                        \
    {                                                                                                        \
        (name), AK_AUDIT_HEAD | (required), K(8) | (optional)                                                \
    }
#define ACCOUNT AK_AUDIT_CHAIN

const struct ak_audit_type ak_audit_types[256] = {
    [1] = CONTROL("LedgerOpened", K(24) | K(25) | K(26) | K(27), 0),
    [2] = CONTROL("RootCreated", K(28) | K(29), 0),
    [3] = CONTROL("AccountOpened", ACCOUNT | K(16) | K(30) | K(31), K(32)),
    [4] = CONTROL("AccountSuspended", ACCOUNT, 0),
    [5] = CONTROL("AccountResumed", ACCOUNT, 0),
    [6] = CONTROL("IdentityLinked", ACCOUNT | K(16) | K(30) | K(48), K(41)),
    [7] = CONTROL("DeviceEnrolled", ACCOUNT | K(33) | K(34), 0),
    [8] = CONTROL("DeviceRemoved", ACCOUNT | K(33), 0),
    [9] = CONTROL("RecoveryStarted", ACCOUNT | K(35) | K(36), K(33)),
    [10] = CONTROL("RecoveryCancelled", ACCOUNT | K(35), K(33)),
    [11] = CONTROL("RecoveryDone", ACCOUNT | K(35), K(33)),
    [12] = CONTROL(
        "PathActivated", ACCOUNT | K(17) | K(18) | K(28) | K(33) | K(37) | K(38) | K(41), K(39) | K(40)),
    [13] = CONTROL("PolicyChanged", ACCOUNT | K(17) | K(37) | K(38), K(39) | K(40)),
    [14] = CONTROL("PathSuspended", ACCOUNT | K(17) | K(18), 0),
    [15] = CONTROL("PathResumed", ACCOUNT | K(17) | K(18), 0),
    [16] = CONTROL("PathRotated", ACCOUNT | K(17) | K(41) | K(42) | K(43), K(33)),
    [17] = CONTROL("PathDecommissioned", ACCOUNT | K(17) | K(18), 0),
    [18] = CONTROL("Snapshot", K(44) | K(45) | K(46), 0),
    [19] = CONTROL("EpochRotated", ACCOUNT | K(42) | K(43) | K(62), 0),
    [20] = CONTROL("EpochDestroyed", ACCOUNT | K(59) | K(66), 0),
    [21] = CONTROL("ServiceDefined", ACCOUNT | K(57) | K(58), 0),
    [22] = CONTROL("BlobWritten", ACCOUNT | K(44) | K(45) | K(57) | K(59) | K(60) | K(63), K(17) | K(64)),
    [23] = CONTROL("BlobMoved", ACCOUNT | K(42) | K(43) | K(45) | K(57) | K(60) | K(61), K(17)),
    [24] = CONTROL("BlobDeleted", ACCOUNT | K(57) | K(60), K(17)),
    [25] = CONTROL("IssuerKeyRotated", K(42) | K(43) | K(47), 0),
    [26] = CONTROL("TrustChanged", ACCOUNT | K(26) | K(69) | K(70), 0),
    [27] = CONTROL("RecoverySeen", ACCOUNT | K(35) | K(36), K(33)),
    [28] = CONTROL("IdentityUnlinked", ACCOUNT | K(16), 0),
    [29] = CONTROL("StateRestored", K(24) | K(44) | K(45), 0),
    [30] = CONTROL("RecoveryCodeSet", ACCOUNT, K(32)),
    [128] = USE("SessionIssued", ACCOUNT | K(33) | K(47) | K(48), 0),
    [129] = USE("AgentTokenIssued", ACCOUNT | K(17) | K(18) | K(23) | K(33) | K(47), 0),
    [130] = USE("MessageSigned", ACCOUNT | K(16) | K(19) | K(20) | K(23), K(17) | K(18) | K(21) | K(22)),
    [131] = USE("Denied", ACCOUNT | K(19) | K(49) | K(50), K(17)),
    [132] = USE("ClockStepped", K(51) | K(52), 0),
    [133] = USE("WorkerStarted", K(53) | K(54) | K(55) | K(56), 0),
    [134] = USE("SessionEnded", ACCOUNT | K(33), 0),
    [135] = USE("CredsRead", ACCOUNT | K(23) | K(57) | K(59) | K(60), K(17) | K(18) | K(65)),
    [136] = USE("BlobRefused", ACCOUNT | K(49) | K(57) | K(59) | K(60), K(17)),
    [137] = USE("OidcMinted", ACCOUNT | K(22) | K(23) | K(39) | K(47) | K(67) | K(68), K(17) | K(18)),
};
