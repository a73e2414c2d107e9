// libpq, loaded at the first connection: with all that it stands on (OpenSSL, Kerberos, LDAP) loading it takes longer
// than the rest of a program's start, and most programs use SQLite.
//
// The library is loaded once and stays for the life of the process. Any thread may ask for it.
#pragma once

#include <libpq-fe.h>

#include <ec/core/result.hpp>

namespace ec::sql {

#define EC_LIBPQ_FUNCTIONS(X) \
    X(PQclear)                \
    X(PQcmdStatus)            \
    X(PQcmdTuples)            \
    X(PQconnectdbParams)      \
    X(PQconninfoFree)         \
    X(PQconninfoParse)        \
    X(PQconsumeInput)         \
    X(PQerrorMessage)         \
    X(PQfinish)               \
    X(PQflush)                \
    X(PQfreemem)              \
    X(PQftype)                \
    X(PQgetisnull)            \
    X(PQgetlength)            \
    X(PQgetResult)            \
    X(PQgetvalue)             \
    X(PQisBusy)               \
    X(PQnfields)              \
    X(PQnotifies)             \
    X(PQntuples)              \
    X(PQresultErrorField)     \
    X(PQresultStatus)         \
    X(PQsendPrepare)          \
    X(PQsendQuery)            \
    X(PQsendQueryParams)      \
    X(PQsendQueryPrepared)    \
    X(PQsetNoticeReceiver)    \
    X(PQsetnonblocking)       \
    X(PQsocket)               \
    X(PQstatus)

/// The functions of libpq that we call, under their own names.
struct Libpq {
#define EC_LIBPQ_MEMBER(name) decltype(&::name) name = nullptr;
    EC_LIBPQ_FUNCTIONS(EC_LIBPQ_MEMBER)
#undef EC_LIBPQ_MEMBER
};

/// Fails with `unavailable` where the shared library is not installed.
Result<const Libpq*> libpq();

}  // namespace ec::sql
