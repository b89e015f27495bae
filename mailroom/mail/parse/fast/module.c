/* mailroom.mail.parse._fast: what Python sees of the usual mail read in C. */

#include "fast.h"

/* configure(readers): what single values are read with, by name; before the first mail. */
static PyObject *configure(PyObject *self, PyObject *readers) {
    (void)self;
    if (!PyDict_CheckExact(readers)) {
        PyErr_SetString(PyExc_TypeError, "configure takes a dict");
        return NULL;
    }
    PyObject *address = PyDict_GetItemString(readers, "address");
    if (address == NULL) {
        PyErr_SetString(PyExc_KeyError, "address");
        return NULL;
    }
    if (values_init(address) == FAILED || mail_init(readers) == FAILED) return NULL;
    Py_RETURN_NONE;
}

/* header_block(raw, start, end, longest, most) -> (fields, first, repeated, body), or None: not usual. */
static PyObject *header_block(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    Py_ssize_t numbers[4];
    if (count != 5 || !PyBytes_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "header_block takes octets and four numbers");
        return NULL;
    }
    for (int i = 0; i < 4; i++) numbers[i] = PyLong_AsSsize_t(args[i + 1]);
    if (PyErr_Occurred()) return NULL;
    Py_ssize_t start = numbers[0], end = numbers[1], size = PyBytes_GET_SIZE(args[0]);
    if (end > size) end = size;
    if (start < 0 || start >= end) Py_RETURN_NONE;
    Block block;
    int done = read_block(PyBytes_AS_STRING(args[0]), start, end, numbers[2], numbers[3], &block);
    if (done != READ) return done == FAILED ? NULL : Py_NewRef(Py_None);
    return Py_BuildValue("(NNNn)", block.fields, block.first, block.repeated, block.body);
}

/* base64_lines(raw, start, end, length, ending) -> the lines without their ends, or None: not all are so long. */
static PyObject *base64_lines(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    Py_ssize_t numbers[4];
    if (count != 5 || !PyBytes_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "base64_lines takes octets and four numbers");
        return NULL;
    }
    for (int i = 0; i < 4; i++) numbers[i] = PyLong_AsSsize_t(args[i + 1]);
    if (PyErr_Occurred()) return NULL;
    Py_ssize_t start = numbers[0], end = numbers[1], length = numbers[2], ending = numbers[3];
    if (start < 0 || start > end || end > PyBytes_GET_SIZE(args[0]) || length < 1 || ending < 1 || ending > 2 ||
        length > PY_SSIZE_T_MAX - ending) {
        PyErr_SetString(PyExc_ValueError, "base64_lines: these are no lines of those octets");
        return NULL;
    }
    return joined_lines(PyBytes_AS_STRING(args[0]) + start, end - start, length, ending);
}

static PyMethodDef methods[] = {
    {"configure", configure, METH_O, "Say what single values are read with; before the first mail."},
    {"header_block", (PyCFunction)(void (*)(void))header_block, METH_FASTCALL, "Read a header block, or say None."},
    {"base64_lines", (PyCFunction)(void (*)(void))base64_lines, METH_FASTCALL, "Join lines of one length, or say None."},
    {"usual_mail", (PyCFunction)(void (*)(void))usual_mail, METH_FASTCALL, "Read a usual mail, or say None."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_fast", "The usual mail, read in C.", -1, methods,
                                        NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__fast(void) { return headers_init() == FAILED ? NULL : PyModule_Create(&definition); }
