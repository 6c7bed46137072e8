// SPDX-License-Identifier: Apache-2.0
/**
 * Makes container images without a container engine, by way of Jib: from folders that {@code
 * deploy/images} has filled. What is in an image is decided there; how it is started, as whom, and
 * under which name, here. Nothing of the product may depend on this package, nor this package on
 * the product. Start reading at {@link io.remora.deploy.ImagePlan}.
 */
@NullMarked
package io.remora.deploy;

import org.jspecify.annotations.NullMarked;
