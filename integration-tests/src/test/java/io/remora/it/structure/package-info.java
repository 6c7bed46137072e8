// SPDX-License-Identifier: Apache-2.0
/**
 * Tests of the source code itself: direction of knowledge, forbidden calls, sizes.
 *
 * <p>Start reading at {@link io.remora.it.structure.DirectionOfKnowledgeTest}.
 */
@NullMarked
package io.remora.it.structure;

import org.jspecify.annotations.NullMarked;
