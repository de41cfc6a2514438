#include "ingest/error.h"

G_DEFINE_QUARK(mq-error-quark, mq_error)
