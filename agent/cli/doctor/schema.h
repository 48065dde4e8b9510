/* schema.h: the JSON Schema of the file that QMON_CONFIG names. Private to agent/cli. */
#ifndef QMON_CLI_SCHEMA_H
#define QMON_CLI_SCHEMA_H

/* Made from the table of options; one JSON document, to be freed. NULL: out of memory. */
char *qmon__cli_schema(void);

#endif
