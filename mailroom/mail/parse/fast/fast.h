/* The usual mail, read in C. What each function says: READ, UNUSUAL (the Python reader takes it) or FAILED.

   Nothing here decides anything about a mail that is written in an odd way. As soon as an octet is not what nearly all
   programs write, the function says UNUSUAL and the mail is read from its beginning in Python, which knows every form.
   So for each mail the result is that of the Python reader, and tests hold the two against each other. */

#ifndef MAILROOM_FAST_H
#define MAILROOM_FAST_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define READ 1
#define UNUSUAL 0
#define FAILED (-1) /* with an exception set */

typedef struct {
    PyObject *fields;   /* list of (name, value), in order */
    PyObject *first;    /* name in lower case -> its first value */
    PyObject *repeated; /* list of (name in lower case, value) */
    Py_ssize_t body;    /* where the body begins */
} Block;

/* headers.c */
int headers_init(void);
int read_block(const char *raw, Py_ssize_t start, Py_ssize_t end, Py_ssize_t longest, Py_ssize_t most, Block *block);
void free_block(Block *block);
PyObject *ascii_text(const char *from, Py_ssize_t length);

/* text.c */
int plain_text(const char *data, Py_ssize_t size, PyObject **text, int *ascii);
Py_ssize_t unquote(const char *data, Py_ssize_t size, char *into);
int shows_something(const char *data, Py_ssize_t size);
int holds_file(const char *data, Py_ssize_t size);
PyObject *joined_lines(const char *data, Py_ssize_t size, Py_ssize_t length, Py_ssize_t ending);

/* values.c */
int values_init(PyObject *address_class);
int read_one_address(PyObject *value, PyObject **people);
int read_usual_date(PyObject *value, PyObject **moment);
int is_plain_id(PyObject *value);

/* parts.c */
typedef struct {
    Py_ssize_t start, end;
} Span;
int split_usual(const char *raw, Py_ssize_t body, Py_ssize_t end, const char *boundary, Py_ssize_t length, Span *spans,
                int most);

/* mail.c */
int mail_init(PyObject *readers);
PyObject *usual_mail(PyObject *self, PyObject *const *args, Py_ssize_t count);

#endif
