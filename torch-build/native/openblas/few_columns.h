/* See few_columns.c, which is compiled once for each target. */
#ifndef OPENBLAS_FEW_COLUMNS_H
#define OPENBLAS_FEW_COLUMNS_H

#include "config.h"
#include "products.h"

#define openblas_few_columns OPENBLAS_NAME(few_columns)

void openblas_few_columns(const struct product *product);

#endif
