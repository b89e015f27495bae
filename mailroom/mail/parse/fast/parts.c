/* Where the parts of a multipart are, when every delimiter line is written as the standard asks. */

#include "fast.h"

#include <string.h>
#include <strings.h>

/* The delimiter that next begins a line at `at` or behind it; NULL when there is none. */
static const char *next_delimiter(const char *begin, const char *at, const char *end, const char *delimiter, size_t length) {
    if (at > begin && at[-1] != '\n') at = memchr(at, '\n', (size_t)(end - at)), at = at ? at + 1 : end;
    while ((size_t)(end - at) >= length) {
        if (at[0] == '-' && memcmp(at, delimiter, length) == 0) return at;
        at = memchr(at, '\n', (size_t)(end - at));
        if (at == NULL) return NULL;
        at++;
    }
    return NULL;
}

/* Whether what stands above the first delimiter may be a part that lost its own; see lost_delimiter.py. */
static int may_be_part(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) at++;
    return end - at >= 8 && strncasecmp(at, "content-", 8) == 0;
}

/* The number of parts, at most `most`, and where they are; UNUSUAL when a line is written otherwise or is missing. */
int split_usual(const char *raw, Py_ssize_t body, Py_ssize_t end, const char *delimiter, Py_ssize_t length, Span *spans,
                int most) {
    const char *begin = raw + body, *stop = raw + end, *opened = NULL;
    const char *at = next_delimiter(begin, begin, stop, delimiter, (size_t)length);
    if (at == NULL || may_be_part(begin, at)) return UNUSUAL;
    for (int number = 0;; opened = at, at = next_delimiter(begin, at, stop, delimiter, (size_t)length)) {
        if (at == NULL) return UNUSUAL;
        if (opened != NULL) {
            const char *before = at - 1; /* the line end before the delimiter belongs to it */
            if (before > begin && before[-1] == '\r') before--;
            if (number == most || before < opened) return UNUSUAL;
            spans[number++] = (Span){opened - raw, before - raw};
        }
        at += length;
        if (stop - at >= 2 && at[0] == '-' && at[1] == '-') {
            at += 2;
            while (at < stop && (*at == ' ' || *at == '\t')) at++;
            if (at < stop && !(stop - at >= 2 && at[0] == '\r' && at[1] == '\n')) return UNUSUAL;
            return next_delimiter(begin, at, stop, delimiter, (size_t)length) == NULL ? number : UNUSUAL;
        }
        if (stop - at < 2 || at[0] != '\r' || at[1] != '\n') return UNUSUAL;
        at += 2;
    }
}
