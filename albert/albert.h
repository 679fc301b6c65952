#pragma once
// The public C++ API: models under transformers' names, read from and written to Hugging Face
// folders.
#include "albert/heads/albert_model.h"
#include "albert/heads/masked_lm.h"
#include "albert/heads/multiple_choice.h"
#include "albert/heads/pretraining.h"
#include "albert/heads/question_answering.h"
#include "albert/heads/question_answering_beam_search.h"
#include "albert/heads/sequence_classification.h"
#include "albert/heads/token_classification.h"
#include "albert/inference/multiple_choice_answerer.h"
#include "albert/inference/question_answerer.h"
#include "albert/inference/text_classifier.h"
#include "albert/inference/token_classifier.h"
#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/optim/optimizer.h"
#include "albert/trainer/optim/schedule.h"
