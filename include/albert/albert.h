#pragma once
// The public C++ API: models under transformers' names, read from and written to Hugging Face folders.
#include "heads/albert_model.h"
#include "heads/masked_lm.h"
#include "heads/multiple_choice.h"
#include "heads/pretraining.h"
#include "heads/question_answering.h"
#include "heads/sequence_classification.h"
#include "heads/token_classification.h"
#include "trainer/optimizer.h"
#include "trainer/schedule.h"
